"""A published key set, read with suspicion (THREATS J07, J17, J88, R30)."""

from typing import Any

import pytest

from watchword.jose import Key
from watchword.jose.algorithms import ASYMMETRIC
from watchword.jose.errors import InvalidKeyError
from watchword.verify.published_keys import read_published_keys

EC, RSA = Key.generate("ES256", kid="ec"), Key.generate("RS256", kid="rsa")
GOOD = EC.to_dict()


def names(*members: Any, algorithms: tuple[str, ...] = ASYMMETRIC) -> list[str]:
    return [key.kid for key in read_published_keys({"keys": list(members)}, algorithms)]


@pytest.mark.parametrize(
    "other",
    [
        1,
        None,
        "text",
        [],
        {},
        {"kty": "AKP"},
        {"kty": "OKP", "crv": "X25519", "x": "AA"},
        GOOD | {"kid": "bad", "x": "AA"},
        GOOD | {"kid": "enc", "use": "enc"},
        GOOD | {"kid": 7},
        GOOD | {"kid": "k1", "alg": "ES256K"},
        RSA.to_dict() | {"kid": "weak", "n": "AQAB"},
        {name: value for name, value in RSA.to_dict().items() if name != "alg"},
    ],
)
def test_r30_what_cannot_be_used_is_skipped(other: Any) -> None:
    assert names(other, GOOD) == ["ec"]


@pytest.mark.parametrize(
    "dangerous",
    [
        Key.generate("HS256").to_dict(private=True),
        {"kty": "oct"},
        Key.generate("ES256").to_dict(private=True),
        Key.generate("RS256").to_dict(private=True),
        {"kty": "unknown", "k": "x"},
        Key.generate("ES256", kid="ec").to_dict(),
    ],
    ids=["secret", "oct", "private EC", "private RSA", "unknown with k", "same name"],
)
def test_j17_j88_a_dangerous_key_fails_the_whole_set(dangerous: dict[str, Any]) -> None:
    with pytest.raises(InvalidKeyError):
        names(GOOD, dangerous)


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": "x"}, {"keys": []}, {"keys": [{"kty": "AKP"}]}])
def test_j85_a_set_without_usable_keys_is_an_error_and_not_an_empty_set(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidKeyError):
        read_published_keys(document, ASYMMETRIC)


def test_j88_too_many_keys_are_not_read() -> None:
    with pytest.raises(InvalidKeyError, match="at most 100"):
        read_published_keys({"keys": [GOOD] * 101}, ASYMMETRIC)


def test_j07_the_allow_list_says_what_a_key_without_alg_is_for() -> None:
    members = {name: value for name, value in RSA.to_dict().items() if name != "alg"}
    keys = read_published_keys({"keys": [members]}, ("RS256", "ES256"))
    assert [key.alg for key in keys] == ["RS256"]


def test_keys_of_algorithms_that_are_not_allowed_are_left_out() -> None:
    assert names(GOOD, RSA.to_dict(), algorithms=("RS256",)) == ["rsa"]
