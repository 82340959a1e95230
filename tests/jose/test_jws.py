"""Compact form, the three-way equality, signature encodings (THREATS J05-J09, J11, J24-J37, J67)."""

import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from tests.jose.forge import b64, forge
from tests.slices import sliced

from watchword.jose import Key, KeySet, base64url, jws
from watchword.jose.algorithms import ALGORITHMS
from watchword.jose.errors import (
    AlgorithmNotAllowedError,
    MalformedTokenError,
    SignatureInvalidError,
    UnknownKeyError,
)

EC, RSA, OKP, OCT = (Key.generate(alg) for alg in ("ES256", "RS256", "Ed25519", "HS256"))
TOKEN = jws.sign(b"payload", EC, typ="JWT")
EC_KEYS = {alg: Key.generate(alg) for alg in ("ES256", "ES384", "ES512")}


def with_signature(token: str, signature: bytes) -> str:
    return token.rpartition(".")[0] + "." + b64(signature)


def signature_of(token: str) -> bytes:
    return base64url.decode_text(token.rpartition(".")[2])


def test_what_was_signed_is_verified() -> None:
    message = jws.verify(TOKEN, EC)
    assert (message.payload, message.header.alg, message.header.kid) == (b"payload", "ES256", EC.kid)


@pytest.mark.parametrize("alg", [algorithm.name for algorithm in ALGORITHMS])
def test_every_algorithm_refuses_another_signature_payload_and_key(alg: str) -> None:
    key, other = Key.generate(alg, kid="k"), Key.generate(alg, kid="k")
    token = jws.sign(b"payload", key, typ="JWT")
    head, _, tail = token.split(".")
    signature = bytearray(signature_of(token))
    signature[len(signature) // 2] ^= 1
    for bad, wrong in (
        (with_signature(token, bytes(signature)), key),
        (f"{head}.{b64('other')}.{tail}", key),
        (token, other),
    ):
        with pytest.raises(SignatureInvalidError):
            jws.verify(bad, wrong, algorithms=(alg,))


@pytest.mark.parametrize("alg", [algorithm.name for algorithm in ALGORITHMS])
@pytest.mark.parametrize("change", sliced(["empty", "half", "short", "long", "zero"], fast=["short", "zero"]))
def test_j24_j25_j30_a_signature_of_another_length_is_refused(alg: str, change: str) -> None:
    key = Key.generate(alg)
    token = jws.sign(b"payload", key, typ="JWT")
    signature = signature_of(token)
    changed = {
        "empty": b"",
        "half": signature[: len(signature) // 2],
        "short": signature[:-1],
        "long": signature + b"\0",
        "zero": bytes(len(signature)),
    }[change]
    with pytest.raises(SignatureInvalidError):
        jws.verify(with_signature(token, changed), key, algorithms=(alg,))


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_j24_r_and_s_lie_inside_the_group(alg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found before the library is asked: what it would say is not waited for."""
    key = Key.generate(alg)
    material: Any = key._material
    order = material._curve.order
    octets = material._curve.octets
    half = signature_of(jws.sign(b"", key, typ="JWT"))[:octets]
    asked: list[bytes] = []
    monkeypatch.setattr(material, "_verify", lambda signature, data, scheme: asked.append(signature))
    for number in (0, order, order + 1, 2 ** (8 * octets) - 1):
        outside = number.to_bytes(octets, "big")
        for signature in (outside + half, half + outside):
            with pytest.raises(SignatureInvalidError):
                key.verify(b"data", signature)
    assert asked == []
    key.verify(b"data", (order - 1).to_bytes(octets, "big") + half)
    assert len(asked) == 1


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_j24_the_orders_are_those_of_the_curves(alg: str) -> None:
    material: Any = Key.generate(alg)._material
    curve = material._curve
    ec.derive_private_key(curve.order - 1, curve.curve)
    with pytest.raises(ValueError, match="out of range"):
        ec.derive_private_key(curve.order, curve.curve)


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
@given(data=st.data())
def test_j25_the_der_written_here_is_the_librarys(alg: str, data: st.DataObject) -> None:
    material: Any = EC_KEYS[alg]._material
    octets = material._curve.octets
    # As many leading zeros as there can be: those are where two encoders could differ.
    numbers = st.integers(1, 8 * octets - 8).flatmap(lambda bits: st.integers(1, 2**bits))
    r, s = data.draw(numbers), data.draw(numbers)
    given_to_library: list[bytes] = []
    key = copy_of(material, given_to_library)
    key.verify(b"data", r.to_bytes(octets, "big") + s.to_bytes(octets, "big"))
    assert given_to_library == [encode_dss_signature(r, s)]


def copy_of(material: Any, given_to_library: list[bytes]) -> Any:
    """The same key, except that what it would give to the library is kept instead."""
    same = type(material)(material._curve, material._public, None)
    same._verify = lambda signature, data, scheme: given_to_library.append(signature)
    return same


def test_j25_a_der_signature_is_refused() -> None:
    signature = signature_of(TOKEN)
    parts = [
        b"\x02\x21\x00" + half if half[0] >= 0x80 else b"\x02\x20" + half for half in (signature[:32], signature[32:])
    ]
    der = b"\x30" + bytes([len(b"".join(parts))]) + b"".join(parts)
    with pytest.raises(SignatureInvalidError):
        jws.verify(with_signature(TOKEN, der), EC)


def test_j05_a_public_key_is_no_mac_key_whatever_the_header_says() -> None:
    for key in (EC, RSA, OKP):
        signing_input = b64(json.dumps({"alg": "HS256", "kid": key.kid})) + "." + b64("{}")
        mac = hmac.digest(json.dumps(key.to_dict()).encode(), signing_input.encode(), "sha256")
        token = f"{signing_input}.{b64(mac)}"
        for algorithms in (("HS256",), ("ES256", "RS256", "Ed25519")):
            with pytest.raises(AlgorithmNotAllowedError):
                jws.verify(token, key, algorithms=algorithms)


def test_j08_header_key_and_allow_list_must_agree() -> None:
    key = Key.generate("RS256", kid="k")
    twin = Key.from_dict(key.to_dict(private=True) | {"alg": "PS256"})
    token = jws.sign(b"", twin, typ="JWT")
    jws.verify(token, twin, algorithms=("PS256",))
    for wrong, algorithms in ((key, ("PS256",)), (key, ("RS256", "PS256")), (twin, ("RS256",))):
        with pytest.raises(AlgorithmNotAllowedError):
            jws.verify(token, wrong, algorithms=algorithms)


def test_j11_one_rsa_key_serves_one_padding() -> None:
    key = Key.generate("RS256", kid="k")
    twin = Key.from_dict(key.to_dict(private=True) | {"alg": "PS256"})
    forged = forge(twin, {"alg": "RS256", "kid": "k"})
    with pytest.raises(SignatureInvalidError):
        jws.verify(forged, key)


def test_shared_secrets_are_used_only_when_asked_for() -> None:
    token = jws.sign(b"", OCT, typ="JWT")
    with pytest.raises(AlgorithmNotAllowedError):
        jws.verify(token, OCT)
    jws.verify(token, OCT, algorithms=("HS256",))


def test_j09_one_string_is_no_allow_list() -> None:
    with pytest.raises(TypeError):
        jws.verify(TOKEN, EC, algorithms="ES256")


@pytest.mark.parametrize("algorithms", [(), ("none",), ("ES256", "XX"), ("HS256", "ES256")])
def test_an_allow_list_that_makes_no_sense_is_the_callers_mistake(algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="algorithms"):
        jws.verify(TOKEN, EC, algorithms=algorithms)


@pytest.mark.parametrize("key", [None, "", b"", "secret", {}, [], 0])
def test_j15_what_is_no_key_is_the_callers_mistake(key: Any) -> None:
    with pytest.raises(TypeError):
        jws.verify(TOKEN, key)


def test_a_named_key_refuses_tokens_that_name_another() -> None:
    named, derived = Key.generate("ES256", kid="mine"), EC
    with pytest.raises(UnknownKeyError):
        jws.verify(forge(named, {"alg": "ES256", "kid": "other"}), named)
    jws.verify(forge(derived, {"alg": "ES256", "kid": "whatever"}), derived)


def test_in_a_set_the_kid_picks_the_key_and_nothing_else() -> None:
    one, two = Key.generate("ES256", kid="one"), Key.generate("ES256", kid="two")
    keys = KeySet([one.public(), two.public()])
    jws.verify(jws.sign(b"", two, typ="JWT"), keys)
    with pytest.raises(SignatureInvalidError):
        jws.verify(forge(two, {"alg": "ES256", "kid": "one"}), keys)
    with pytest.raises(UnknownKeyError):
        jws.verify(forge(two, {"alg": "ES256"}), keys)


@pytest.mark.parametrize(
    ("row", "token"),
    [
        ("J33", TOKEN + "="),
        ("J33", TOKEN + "=="),
        ("J35", TOKEN + "\n"),
        ("J35", " " + TOKEN),
        ("J35", TOKEN + "\0"),
        ("J35", TOKEN.replace(".", "\uff0e")),
        ("J36", "." * 16_000),
        ("J36", TOKEN + "."),
        ("J36", TOKEN.rpartition(".")[0]),
        ("J36", ""),
        ("J36", ".."),
        ("J37", json.dumps({"payload": "", "protected": "", "signature": TOKEN})),
        ("J42", TOKEN + "A" * 16_384),
        ("J67", TOKEN + ".a.b"),
    ],
)
def test_what_is_not_compact_is_malformed(row: str, token: str) -> None:
    with pytest.raises(MalformedTokenError) as caught:
        jws.verify(token, EC)
    assert TOKEN[:20] not in str(caught.value)


def test_j34_the_last_character_has_no_spare_bits() -> None:
    last = TOKEN[-1]
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if other != last:
            with pytest.raises((MalformedTokenError, SignatureInvalidError)):
                jws.verify(TOKEN[:-1] + other, EC)


def test_a_token_is_a_string() -> None:
    with pytest.raises(TypeError):
        jws.split(TOKEN.encode())  # type: ignore[arg-type]


def test_headers_of_forged_tokens_are_not_remembered() -> None:
    key = Key.generate("ES256")
    forged = with_signature(jws.sign(b"", key, typ="JWT"), bytes(64))
    segment = forged.partition(".")[0].encode()
    with pytest.raises(SignatureInvalidError):
        jws.verify(forged, key)
    assert segment not in jws._remembered
    jws.verify(jws.sign(b"", key, typ="JWT"), key)
    assert segment in jws._remembered


def test_a_remembered_header_does_not_replace_the_check_of_the_key() -> None:
    jws.verify(TOKEN, EC)
    with pytest.raises(AlgorithmNotAllowedError):
        jws.verify(TOKEN, Key.from_dict(OKP.to_dict() | {"kid": EC.kid}))


def test_the_memory_of_headers_is_bounded() -> None:
    for number in range(300):
        key = Key.from_dict(OCT.to_dict(private=True) | {"kid": f"k{number}"})
        jws.verify(jws.sign(b"", key, typ="JWT"), key, algorithms=("HS256",))
    assert len(jws._remembered) <= 256


def test_j42_neither_repr_nor_cause_shows_the_token() -> None:
    shown = f"{jws.split(TOKEN)!r} {jws.verify(TOKEN, EC)!r}"
    assert not any(segment in shown for segment in TOKEN.split("."))
    assert "payload'" not in shown
    with pytest.raises(MalformedTokenError) as caught:
        jws.split(TOKEN + "é")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_shared_header_cannot_be_changed() -> None:
    members: Any = jws.verify(TOKEN, EC).header.members
    with pytest.raises(TypeError):
        members["alg"] = "none"
