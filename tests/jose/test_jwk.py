"""Keys (THREATS J05-J23)."""

import copy
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from watchword.jose import Key, base64url
from watchword.jose.algorithms import ALGORITHMS
from watchword.jose.errors import InvalidKeyError, UnsupportedKeyError

NAMES = [algorithm.name for algorithm in ALGORITHMS]
RSA = Key.generate("RS256")
EC = Key.generate("ES256")
OKP = Key.generate("Ed25519")
OCT = Key.generate("HS256")


def without(members: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


@pytest.mark.parametrize("alg", NAMES)
def test_a_key_survives_its_jwk(alg: str) -> None:
    key = Key.generate(alg)
    again = Key.from_dict(key.to_dict(private=True))
    again.verify(b"data", key.sign(b"data"))
    key.verify(b"data", again.sign(b"data"))
    assert (again.alg, again.kid, again.thumbprint()) == (alg, key.kid, key.thumbprint())


@pytest.mark.parametrize("alg", [name for name in NAMES if not name.startswith("HS")])
def test_a_public_key_verifies_and_cannot_sign(alg: str) -> None:
    key = Key.generate(alg)
    public = key.public()
    public.verify(b"data", key.sign(b"data"))
    assert not public.is_private
    with pytest.raises(InvalidKeyError, match="cannot sign"):
        public.sign(b"data")


@pytest.mark.parametrize("key", [RSA, EC, OKP])
def test_j21_the_public_form_is_the_default(key: Key) -> None:
    assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} & key.to_dict().keys()
    assert "d" in key.to_dict(private=True)


def test_j21_a_shared_secret_has_no_public_form() -> None:
    with pytest.raises(InvalidKeyError):
        OCT.to_dict()
    with pytest.raises(InvalidKeyError):
        OCT.public()


@pytest.mark.parametrize("key", [RSA, EC, OKP, OCT])
def test_j23_a_key_shows_no_secret_and_does_not_travel(key: Key) -> None:
    members = key.to_dict(private=True)
    for name in {"d", "p", "q", "dp", "dq", "qi", "k"} & members.keys():
        assert members[name] not in repr(key)
    for travel in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            travel(key)


def test_the_kid_is_the_thumbprint_unless_given() -> None:
    assert EC.kid == EC.thumbprint()
    assert Key.generate("ES256", kid="mine").kid == "mine"


@pytest.mark.parametrize("kid", [1, "", "x" * 129, "a\nb"])
def test_j47_a_kid_is_a_short_printable_string(kid: object) -> None:
    with pytest.raises(InvalidKeyError):
        Key.from_dict(EC.to_dict() | {"kid": kid})


def test_j07_without_alg_a_curve_has_one_algorithm_and_rsa_none() -> None:
    assert Key.from_dict(without(EC.to_dict(), "alg")).alg == "ES256"
    assert Key.from_dict(without(OKP.to_dict(), "alg")).alg == "Ed25519"
    with pytest.raises(UnsupportedKeyError):
        Key.from_dict(without(RSA.to_dict(), "alg"))
    with pytest.raises(UnsupportedKeyError):
        Key.from_dict(without(OCT.to_dict(private=True), "alg"))


def test_j07_without_alg_the_allow_list_decides_where_it_leaves_one() -> None:
    members = without(RSA.to_dict(), "alg")
    assert Key.from_dict(members, algorithms=("PS256", "ES256")).alg == "PS256"
    for algorithms in (("RS256", "PS256"), ("ES256",)):
        with pytest.raises(UnsupportedKeyError):
            Key.from_dict(members, algorithms=algorithms)


@pytest.mark.parametrize(("alg", "least"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_j13_j14_short_secrets_are_refused(alg: str, least: int) -> None:
    def load(secret: bytes) -> Key:
        return Key.from_dict({"kty": "oct", "alg": alg, "k": base64url.encode_text(secret)})

    load(b"x" * least)
    load(b"x" * 200)
    for secret in (b"", b"x", b"x" * (least - 1), b"x" * 1025):
        with pytest.raises(InvalidKeyError):
            load(secret)


def key_documents() -> list[bytes]:
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    point = ec.generate_private_key(ec.SECP256R1())
    encoding, public, private = serialization.Encoding, serialization.PublicFormat, serialization.PrivateFormat
    plain = serialization.NoEncryption()
    documents = [
        numbers.public_key().public_bytes(encoding.PEM, public.SubjectPublicKeyInfo),
        numbers.public_key().public_bytes(encoding.DER, public.SubjectPublicKeyInfo),
        numbers.public_key().public_bytes(encoding.PEM, public.PKCS1),
        numbers.public_key().public_bytes(encoding.DER, public.PKCS1),
        numbers.public_key().public_bytes(encoding.OpenSSH, public.OpenSSH),
        numbers.private_bytes(encoding.PEM, private.PKCS8, plain),
        numbers.private_bytes(encoding.PEM, private.OpenSSH, plain),
        point.public_key().public_bytes(encoding.PEM, public.SubjectPublicKeyInfo),
        point.public_key().public_bytes(encoding.DER, public.SubjectPublicKeyInfo),
        point.public_key().public_bytes(encoding.OpenSSH, public.OpenSSH),
        point.private_bytes(encoding.DER, private.PKCS8, plain),
        str(RSA.to_dict()).replace("'", '"').encode(),
        b'{"keys": [' + str(EC.to_dict()).replace("'", '"').encode() + b"]}",
    ]
    return [document for document in documents if len(document) <= 1024]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", b"  ", b"\t", b"\n", b"\r\n", b"key: "])
def test_j05_j06_the_text_of_a_key_is_not_a_secret(prefix: bytes) -> None:
    for document in key_documents():
        if document[0] == 0x30 and prefix:
            continue  # DER behind a prefix is no DER
        with pytest.raises(InvalidKeyError, match="text of another key"):
            Key.from_dict({"kty": "oct", "alg": "HS256", "k": base64url.encode_text(prefix + document)})


def test_j05_a_point_is_not_a_secret() -> None:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    raw = point.public_bytes(encoding, form)
    with pytest.raises(InvalidKeyError, match="text of another key"):
        Key.from_dict({"kty": "oct", "alg": "HS256", "k": base64url.encode_text(raw)})


def test_j05_an_asymmetric_key_has_no_mac() -> None:
    for key in (RSA, EC, OKP):
        with pytest.raises(InvalidKeyError):
            Key.from_dict(key.to_dict() | {"alg": "HS256"})


@pytest.mark.parametrize(
    ("n_bits", "e"),
    [(1024, 65537), (2047, 65537), (8200, 65537), (2048, 1), (2048, 2), (2048, 65538), (2048, 2**32 + 1)],
)
def test_j16_weak_and_enormous_rsa_keys_are_refused(n_bits: int, e: int) -> None:
    n = (1 << n_bits) - 1
    with pytest.raises(InvalidKeyError):
        Key.from_dict({"kty": "RSA", "alg": "RS256", "n": base64url.encode_uint(n), "e": base64url.encode_uint(e)})


@pytest.mark.parametrize("use", ["enc", "SIG", "signature", ""])
def test_j18_a_key_for_another_use_is_refused(use: str) -> None:
    with pytest.raises(UnsupportedKeyError):
        Key.from_dict(EC.to_dict() | {"use": use})


@pytest.mark.parametrize("operations", ["sign, verify", ["verify", "verify"], ["encrypt"], [1], None, {}])
def test_j18_malformed_operations_are_refused(operations: object) -> None:
    with pytest.raises(InvalidKeyError):
        Key.from_dict(EC.to_dict() | {"key_ops": operations})


def test_j18_operations_bind() -> None:
    signer = Key.from_dict(EC.to_dict(private=True) | {"key_ops": ["sign"]})
    with pytest.raises(InvalidKeyError):
        signer.verify(b"data", signer.sign(b"data"))
    verifier = Key.from_dict(EC.to_dict(private=True) | {"key_ops": ["verify"]})
    with pytest.raises(InvalidKeyError):
        verifier.sign(b"data")


@pytest.mark.parametrize("alg", ["ES384", "ES512", "Ed25519", "RS256", "HS256"])
def test_j19_curve_type_and_algorithm_belong_together(alg: str) -> None:
    with pytest.raises(InvalidKeyError):
        Key.from_dict(EC.to_dict() | {"alg": alg})


def test_j19_a_point_off_the_curve_is_refused() -> None:
    members = EC.to_dict()
    with pytest.raises(InvalidKeyError):
        Key.from_dict(members | {"y": members["x"]})


@pytest.mark.parametrize("key", [EC, OKP])
def test_j20_coordinates_have_their_full_width(key: Key) -> None:
    x = base64url.decode_text(key.to_dict()["x"])
    for wrong in (x[1:], b"\0" + x, x + b"\0"):
        with pytest.raises(InvalidKeyError):
            Key.from_dict(key.to_dict() | {"x": base64url.encode_text(wrong)})


def test_j20_a_leading_zero_is_kept() -> None:
    for _ in range(2000):
        key = Key.generate("ES256")
        if base64url.decode_text(key.to_dict()["x"])[0] == 0:
            break
    assert len(base64url.decode_text(key.to_dict()["x"])) == 32
    assert Key.from_dict(key.to_dict()).kid == key.kid


@pytest.mark.parametrize("crv", ["secp256k1", "P-224", "brainpoolP256r1", "sect283k1", "X25519", "P-192", None, 1])
def test_j22_other_curves_are_refused(crv: object) -> None:
    with pytest.raises(InvalidKeyError):
        Key.from_dict(without(EC.to_dict(), "alg") | {"crv": crv})


@pytest.mark.parametrize("alg", ["ES256", "Ed25519", "RS256"])
def test_the_private_half_must_belong_to_the_public_half(alg: str) -> None:
    one, other = Key.generate(alg).to_dict(private=True), Key.generate(alg).to_dict(private=True)
    with pytest.raises(InvalidKeyError):
        Key.from_dict(one | {"d": other["d"]})


@pytest.mark.parametrize("members", [None, [], "text", {}, {"kty": 1}, {"kty": "EC"}, {"kty": "AKP", "alg": "X"}])
def test_j15_what_is_no_key_is_refused(members: Any) -> None:
    with pytest.raises(InvalidKeyError):
        Key.from_dict(members)


@pytest.mark.parametrize("alg", ["none", "", "XX999", "es256"])
def test_no_key_is_generated_for_an_unknown_algorithm(alg: str) -> None:
    with pytest.raises(UnsupportedKeyError):
        Key.generate(alg)


P25519 = 2**255 - 19
ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [0, 1, P25519 - 1, P25519, P25519 + 1, ORDER_8, P25519 - ORDER_8])
@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_j27_points_of_small_order_and_second_names_of_points_are_no_keys(alg: str, y: int, sign: int) -> None:
    x = (y | sign << 255).to_bytes(32, "little")
    with pytest.raises(InvalidKeyError):
        Key.from_dict({"kty": "OKP", "crv": "Ed25519", "alg": alg, "x": base64url.encode_text(x)})


@pytest.mark.parametrize("y", [0, 1, 2**448 - 2**224 - 2, 2**448 - 2**224 - 1, 2**448 - 2**224])
def test_j27_the_same_for_ed448(y: int) -> None:
    x = base64url.encode_text(y.to_bytes(57, "little"))
    with pytest.raises(InvalidKeyError):
        Key.from_dict({"kty": "OKP", "crv": "Ed448", "alg": "Ed448", "x": x})
