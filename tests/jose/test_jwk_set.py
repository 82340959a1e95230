"""Key sets (THREATS J17, J47, J88)."""

from typing import Any

import pytest

from watchword.jose import Key, KeySet
from watchword.jose.errors import InvalidKeyError, UnknownKeyError

ONE, TWO = Key.generate("ES256", kid="one"), Key.generate("RS256", kid="two")


def test_a_set_survives_its_document_without_secrets() -> None:
    document = KeySet([ONE, TWO]).to_dict()
    assert [members["kid"] for members in document["keys"]] == ["one", "two"]
    assert not any("d" in members for members in document["keys"])
    assert [key.kid for key in KeySet.from_dict(document)] == ["one", "two"]


def test_j17_two_keys_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidKeyError, match="same `kid`"):
        KeySet([ONE, Key.generate("ES256", kid="one")])


def test_j17_shared_secrets_and_public_keys_do_not_mix() -> None:
    with pytest.raises(InvalidKeyError, match="do not belong in one set"):
        KeySet([ONE, Key.generate("HS256", kid="secret")])


def test_j47_a_token_that_names_no_key_fits_only_a_set_of_one() -> None:
    assert KeySet([ONE]).find(None) is ONE
    for keys in (KeySet([]), KeySet([ONE, TWO])):
        with pytest.raises(UnknownKeyError):
            keys.find(None)


def test_a_key_is_found_by_its_name_alone() -> None:
    keys = KeySet([ONE, TWO])
    assert keys.find("two") is TWO
    assert "one" in keys
    with pytest.raises(UnknownKeyError):
        keys.find("ONE")


def test_keys_of_unknown_kinds_are_skipped_and_unsound_ones_are_not() -> None:
    good = ONE.to_dict()
    others: list[dict[str, Any]] = [{"kty": "AKP", "alg": "X"}, good | {"kid": "e", "use": "enc"}]
    assert [key.kid for key in KeySet.from_dict({"keys": [*others, good]})] == ["one"]
    with pytest.raises(InvalidKeyError):
        KeySet.from_dict({"keys": [good, good | {"kid": "bad", "x": "AA"}]})


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": "x"}, {"keys": [1]}])
def test_what_is_no_set_is_refused(document: Any) -> None:
    with pytest.raises(InvalidKeyError):
        KeySet.from_dict(document)


def test_j88_too_many_keys_are_refused_before_they_are_read() -> None:
    with pytest.raises(InvalidKeyError, match="at most 100"):
        KeySet.from_dict({"keys": [{"kty": "EC"}] * 101})
