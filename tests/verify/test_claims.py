"""Verified claims are read and not changed."""

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
        subject.sub = "someone else"
    with pytest.raises(AttributeError):
        del subject.sub
    with pytest.raises(TypeError):
        subject.claims["sub"] = "someone else"  # type: ignore[index]
    with pytest.raises(TypeError):
        subject["sub"] = "someone else"  # type: ignore[index]


def test_their_repr_shows_ids_and_nothing_personal() -> None:
    assert "canary" not in repr(verified())
    assert "user-1" in repr(verified())
