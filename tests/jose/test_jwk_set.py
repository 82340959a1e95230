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


@pytest.mark.parametrize(("one", "other"), [("RS256", "PS256"), ("RS256", "RS512"), ("HS256", "HS384")])
def test_j11_one_key_serves_one_algorithm(one: str, other: str) -> None:
    members = Key.generate(other, kid="a").to_dict(private=True)
    first, second = Key.from_dict(members | {"alg": one}), Key.from_dict(members | {"kid": "b"})
    with pytest.raises(InvalidKeyError, match="two algorithms"):
        KeySet([first, second])
    if not first.is_symmetric:
        with pytest.raises(InvalidKeyError, match="two algorithms"):
            KeySet.from_dict({"keys": [first.to_dict(), second.to_dict()]})


@pytest.mark.parametrize("alg", ["RS256", "ES256", "Ed25519"])
def test_j11_one_key_under_two_names_still_serves_one_algorithm(alg: str) -> None:
    members = Key.generate(alg, kid="a").to_dict()
    KeySet.from_dict({"keys": [members, members | {"kid": "b"}]})


def test_j11_the_two_names_of_one_edwards_algorithm_are_one() -> None:
    members = Key.generate("Ed25519", kid="a").to_dict()
    keys = KeySet.from_dict({"keys": [members, members | {"kid": "b", "alg": "EdDSA"}]})
    assert [key.alg for key in keys] == ["Ed25519", "EdDSA"]


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
