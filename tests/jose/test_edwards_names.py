"""`EdDSA` leaves the curve open; what a key says about itself closes it (RFC 9864; THREATS J07, J08, J12)."""

from typing import Any

import pytest
from tests.jose.forge import forge

from watchword.jose import Key, KeySet, jws
from watchword.jose.algorithms import ASYMMETRIC
from watchword.jose.errors import AlgorithmNotAllowedError, InvalidKeyError, SignatureInvalidError

CURVES = ["Ed25519", "Ed448"]
PRIVATE = {curve: Key.generate(curve, kid="k") for curve in CURVES}


def published(curve: str, alg: str | None) -> Key:
    """The key as an issuer publishes it that states this ``alg``, or none."""
    members = PRIVATE[curve].to_dict()
    del members["alg"]
    return Key.from_dict(members if alg is None else members | {"alg": alg}, algorithms=ASYMMETRIC)


def accepts(key: Key, curve: str, header_alg: str, algorithms: tuple[str, ...] = ASYMMETRIC) -> bool:
    token = forge(PRIVATE[curve], {"alg": header_alg, "kid": "k"})
    try:
        jws.verify(token, KeySet([key]), algorithms=algorithms)
    except AlgorithmNotAllowedError:
        return False
    return True


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("header_alg", ["EdDSA", "Ed25519", "Ed448"])
@pytest.mark.parametrize("stated", ["EdDSA", "curve", None])
def test_j12_a_stated_algorithm_binds_and_a_silent_key_has_its_curves_two_names(
    curve: str, header_alg: str, stated: str | None
) -> None:
    alg = curve if stated == "curve" else stated
    taken = {"EdDSA", curve} if alg is None else {alg}
    assert accepts(published(curve, alg), curve, header_alg) is (header_alg in taken)


@pytest.mark.parametrize("curve", CURVES)
def test_j12_what_most_issuers_publish_works_with_the_usual_allow_list(curve: str) -> None:
    key = published(curve, "EdDSA")
    assert (key.alg, key.to_dict()["crv"]) == ("EdDSA", curve)
    assert accepts(key, curve, "EdDSA")


@pytest.mark.parametrize("curve", CURVES)
def test_j12_the_allow_list_binds_a_silent_key_too(curve: str) -> None:
    key = published(curve, None)
    assert key.alg == curve
    assert accepts(key, curve, "EdDSA", ("EdDSA",))
    assert not accepts(key, curve, "EdDSA", (curve,))
    assert not accepts(key, curve, curve, ("EdDSA",))


@pytest.mark.parametrize("curve", CURVES)
def test_j07_a_silent_key_takes_the_only_name_that_is_allowed(curve: str) -> None:
    members = PRIVATE[curve].to_dict()
    del members["alg"]
    for name in (curve, "EdDSA"):
        key = Key.from_dict(members, algorithms=(name, "ES256"))
        assert (key.alg, key.header_algs) == (name, (name,))
    for algorithms in (("ES256",), tuple(other for other in CURVES if other != curve)):
        with pytest.raises(InvalidKeyError):
            Key.from_dict(members, algorithms=algorithms)


def test_j12_a_signature_on_one_curve_is_none_on_the_other() -> None:
    for curve, other in (CURVES, CURVES[::-1]):
        with pytest.raises(SignatureInvalidError):
            jws.verify(forge(PRIVATE[curve], {"alg": "EdDSA", "kid": "k"}), published(other, "EdDSA"))


@pytest.mark.parametrize("crv", ["X25519", "Ed25518", "P-256", None, 1, ["Ed25519"]])
def test_j12_the_open_name_does_not_open_other_curves(crv: Any) -> None:
    with pytest.raises(InvalidKeyError):
        Key.from_dict(PRIVATE["Ed25519"].to_dict() | {"alg": "EdDSA", "crv": crv})


def test_the_public_half_has_the_names_of_the_whole() -> None:
    members = PRIVATE["Ed25519"].to_dict(private=True)
    del members["alg"]
    key = Key.from_dict(members)
    assert key.header_algs == key.public().header_algs == ("Ed25519", "EdDSA")
    assert jws.split(jws.sign(b"", key, typ="JWT")).header.alg == "Ed25519"
