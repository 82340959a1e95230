"""Verified claims are read and not changed."""

import copy
import pickle

import pytest
from tests.verify.tokens import claims

from watchword.verify import VerifiedClaims


def verified() -> VerifiedClaims:
    return VerifiedClaims(
        claims(email="canary@example.com"), client_id="client-1", scopes=frozenset({"a"}), roles=frozenset()
    )


def test_they_read_like_a_mapping() -> None:
    subject = verified()
    assert subject["sub"] == subject.sub == "user-1"
    assert subject.get("nothing") is None
    assert "scope" in subject
    assert dict(subject) == subject.claims
    with pytest.raises(KeyError):
        subject["nothing"]


def test_they_cannot_be_changed() -> None:
    subject = verified()
    with pytest.raises(AttributeError):
        subject.sub = "someone else"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del subject.sub
    with pytest.raises(TypeError):
        subject.claims["sub"] = "someone else"  # type: ignore[index]
    with pytest.raises(TypeError):
        subject["sub"] = "someone else"  # type: ignore[index]


def test_a_copy_is_the_same_and_as_immutable() -> None:
    subject = verified()
    assert copy.copy(subject) is subject
    assert copy.deepcopy({"identity": subject})["identity"] is subject


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_they_do_not_travel_without_their_token(protocol: int) -> None:
    """What comes back from a queue was verified by nobody who reads it."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(verified(), protocol)


def test_their_repr_shows_ids_and_nothing_personal() -> None:
    assert "canary" not in repr(verified())
    assert "user-1" in repr(verified())
