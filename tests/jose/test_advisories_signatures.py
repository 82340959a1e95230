"""Published attacks on the signatures themselves (THREATS J24-J31), by number; on weak keys (J13-J23) below them."""

import ast
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, Hash

import watchword.jose
from watchword.jose import Key, KeySet, base64url, jws
from watchword.jose.errors import InvalidKeyError, SignatureInvalidError, UnknownKeyError, UnsupportedKeyError

ORDERS = {
    "ES256": (ec.SECP256R1(), 32, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
    "ES384": (
        ec.SECP384R1(),
        48,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
    "ES512": (
        ec.SECP521R1(),
        66,
        2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    ),
}


def refused(key: Key, signature: bytes, data: bytes = b"data") -> None:
    with pytest.raises(SignatureInvalidError):
        key.verify(data, signature)


@pytest.mark.parametrize("alg", list(ORDERS))
def test_j24_cve_2022_21449_psychic_signatures_are_refused(alg: str) -> None:
    key = Key.generate(alg)
    _, octets, order = ORDERS[alg]
    for r in (0, order, order + 1):
        for s in (0, order, order + 1):
            refused(key, r.to_bytes(octets, "big") + s.to_bytes(octets, "big"))


def split_signature(alg: str, signature: bytes) -> tuple[int, int]:
    octets = ORDERS[alg][1]
    return int.from_bytes(signature[:octets], "big"), int.from_bytes(signature[octets:], "big")


@pytest.mark.parametrize("alg", list(ORDERS))
@pytest.mark.parametrize(
    "number", ["cve_2019_14853", "cve_2019_14859", "cve_2024_42459", "cve_2024_42460", "cve_2024_42461"]
)
def test_j25_other_encodings_of_a_good_signature_are_refused(number: str, alg: str) -> None:
    key = Key.generate(alg)
    octets = ORDERS[alg][1]
    signature = key.sign(b"data")
    key.verify(b"data", signature)
    der = encode_dss_signature(*split_signature(alg, signature))
    for other in {
        "cve_2019_14853": [der, der + b"\0"],  # DER, and garbage behind it
        "cve_2019_14859": [der[:2] + b"\x02\x81" + der[3:], b"\x30\x81" + der[1:]],  # lengths in the long form
        "cve_2024_42459": [signature + b"\0", signature + signature],  # too long
        "cve_2024_42460": [b"\0" + signature[:octets] + b"\0" + signature[octets:], b"\0" * octets + signature],
        "cve_2024_42461": [der.ljust(2 * octets, b"\0")[: 2 * octets], signature[1:], signature[:-1], b""],
    }[number]:
        refused(key, other)


@pytest.mark.parametrize("alg", list(ORDERS))
def test_j26_a_mirrored_signature_is_a_second_text_of_one_token_and_names_nothing(alg: str) -> None:
    """ECDSA allows it: n-s fits where s does. So no memory here is keyed by a token's text or signature: it is by the
    header, whose text is the same for both.
    """
    key = Key.generate(alg)
    _, octets, order = ORDERS[alg]
    token = jws.sign(b"payload", key, typ="JWT")
    head, _, text = token.rpartition(".")
    r, s = split_signature(alg, base64url.decode_text(text))
    mirrored = base64url.encode_text(r.to_bytes(octets, "big") + (order - s).to_bytes(octets, "big"))
    assert jws.verify(f"{head}.{mirrored}", key) == jws.verify(token, key)
    assert not any(text.encode() in segment for segment in jws._remembered)


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_j27_a_number_that_is_not_reduced_is_refused(alg: str) -> None:
    key = Key.generate(alg)
    group_order = 2**252 + 27742317777372353535851937790883648493
    signature = key.sign(b"data")
    s = int.from_bytes(signature[32:], "little")
    for more in range(1, 8):
        refused(key, signature[:32] + (s + more * group_order).to_bytes(32, "little"))
    refused(key, signature[:32] + bytes(32))
    refused(key, b"\1" + bytes(63))


def cube_root_above(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < number else (low, middle)
    return low


def digest_info(data: bytes) -> bytes:
    sha = Hash(SHA256())
    sha.update(data)
    return bytes.fromhex("3031300d060960864801650304020105000420") + sha.finalize()


@pytest.mark.parametrize("number", ["bleichenbacher_2006", "cve_2022_24771"])
def test_j28_a_cube_root_is_no_signature(number: str) -> None:
    """With exponent 3, whoever reads the padding from the left and stops at the hash takes a cube root for a
    signature.
    """
    private = rsa.generate_private_key(public_exponent=3, key_size=2048)
    numbers = private.public_key().public_numbers()
    members = {"kty": "RSA", "alg": "RS256", "n": base64url.encode_uint(numbers.n), "e": "Aw"}
    key = Key.from_dict(members)
    short = b"\0\1" + (b"\xff" * 8 if number == "bleichenbacher_2006" else b"") + b"\0" + digest_info(b"data")
    target = int.from_bytes(short.ljust(256, b"\0"), "big")
    root = cube_root_above(target)
    assert (root**3).to_bytes(256, "big").startswith(short)
    refused(key, root.to_bytes(256, "big"))


def test_j28_cve_2020_13757_leading_zeros_make_no_second_signature() -> None:
    key = Key.generate("RS256")
    signature = key.sign(b"data")
    for other in (b"\0" + signature, b"\0" * 256 + signature, signature.lstrip(b"\0")[1:]):
        refused(key, other)


@pytest.mark.parametrize("salt_length", [0, 20, 31, 33, 64, 222])
def test_j29_a_salt_of_another_length_is_refused(salt_length: int) -> None:
    key, material = pss_key()
    padding = rsa_padding()
    signature = material.sign(b"data", padding.PSS(padding.MGF1(SHA256()), salt_length), SHA256())
    refused(key, signature)
    key.verify(b"data", material.sign(b"data", padding.PSS(padding.MGF1(SHA256()), 32), SHA256()))


def test_j29_a_mask_of_another_hash_is_refused() -> None:
    key, material = pss_key()
    padding = rsa_padding()
    from cryptography.hazmat.primitives.hashes import SHA384

    refused(key, material.sign(b"data", padding.PSS(padding.MGF1(SHA384()), 32), SHA256()))


def rsa_padding() -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding


def pss_key() -> tuple[Key, Any]:
    key = Key.generate("PS256")
    material: Any = key._material
    return key, material._private


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("number", ["cve_2016_5429", "cve_2016_7036"])
def test_j30_only_the_whole_mac_counts(alg: str, number: str) -> None:
    key = Key.generate(alg)
    tag = key.sign(b"data")
    key.verify(b"data", tag)
    for length in range(len(tag)):
        refused(key, tag[:length])
    refused(key, tag + b"\0")
    for place in range(len(tag)):
        refused(key, tag[:place] + bytes((tag[place] ^ 1,)) + tag[place + 1 :])


def test_j30_j31_cve_2024_23342_secrets_meet_only_the_library() -> None:
    """No comparison of tags and no arithmetic on curves is written in Python: both leak through time."""
    algorithms = Path(watchword.jose.__path__[0]) / "algorithms"
    imported = set()
    for file in algorithms.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
    ours = {"collections", "dataclasses", "functools", "typing", "math", "re", "secrets", "watchword"}
    assert imported - ours == {"cryptography"}


@pytest.mark.parametrize("number", ["fast_jwt_2026_04_29", "joserfc_1_6_8", "pyjwt_2_13"])
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_j13_an_empty_secret_is_refused(alg: str, number: str) -> None:
    for k in ("", b"", None, 0, False):
        with pytest.raises(InvalidKeyError):
            Key.from_dict({"kty": "oct", "alg": alg, "k": k})


@pytest.mark.parametrize("number", ["cve_2025_45768", "cve_2025_45769", "cve_2025_45765"])
@pytest.mark.parametrize(("alg", "least"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_j14_a_secret_shorter_than_the_hash_is_refused(alg: str, least: int, number: str) -> None:
    for length in (1, 8, 16, 31, least - 1):
        with pytest.raises(InvalidKeyError):
            Key.from_dict({"kty": "oct", "alg": alg, "k": base64url.encode_text(b"k" * length)})
    Key.from_dict({"kty": "oct", "alg": alg, "k": base64url.encode_text(b"k" * least)})


@pytest.mark.parametrize("number", ["cve_2022_23539", "cve_2022_23541"])
@pytest.mark.parametrize("alg", ["ES256", "RS256", "Ed25519", "ML-DSA-44"])
def test_j19_a_key_of_one_kind_serves_no_algorithm_of_another(alg: str, number: str) -> None:
    members = Key.generate(alg).to_dict()
    for other in ("ES256", "ES384", "ES512", "RS256", "PS256", "Ed25519", "Ed448", "ML-DSA-44", "HS256"):
        fits = other == alg or {alg, other} == {"RS256", "PS256"}
        if not fits:
            with pytest.raises(InvalidKeyError):
                Key.from_dict(members | {"alg": other})


def test_j22_cve_2026_26007_no_curve_but_three_is_loaded() -> None:
    loadable = [
        kind()
        for kind in vars(ec).values()
        if isinstance(kind, type) and issubclass(kind, ec.EllipticCurve) and kind is not ec.EllipticCurve
    ]
    assert {"secp192r1", "secp256k1", "brainpoolP256r1"} <= {curve.name for curve in loadable}
    for curve in loadable:
        members = {"kty": "EC", "crv": curve.name, "x": "AA", "y": "AA"}
        for alg in (None, "ES256", "ES384", "ES512"):
            with pytest.raises(UnsupportedKeyError):
                Key.from_dict(members if alg is None else members | {"alg": alg})


def test_j54_ghsa_869p_cjfg_cm3x_the_token_picks_a_key_only_inside_the_set_it_is_given() -> None:
    ours, theirs = (Key.generate("ES256", kid="same") for _ in range(2))
    with pytest.raises(SignatureInvalidError):
        jws.verify(jws.sign(b"", theirs, typ="JWT"), KeySet([ours]))
    with pytest.raises(UnknownKeyError):
        jws.verify(jws.sign(b"", Key.generate("ES256", kid="other"), typ="JWT"), KeySet([ours]))
