"""The examples of RFC 7520, RFC 7797 and RFC 8037 as published by their working group.

Compact signatures are accepted; the JSON forms, detached and unencoded payloads, and everything encrypted are not.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.vectors import folder
from tests.vectors.test_wycheproof import FILES

from watchword.jose import JOSEError, Key, base64url, jws
from watchword.jose.errors import (
    MalformedTokenError,
    SignatureInvalidError,
    UnsupportedHeaderError,
    UnsupportedKeyError,
)

COOKBOOK = [name for name in FILES if name.startswith("rfc7520/")]
COMPACT_SIGNATURES = [
    "rfc7520/jws/4_1.rsa_v15_signature.json",
    "rfc7520/jws/4_2.rsa-pss_signature.json",
    "rfc7520/jws/4_3.ecdsa_signature.json",
    "rfc7520/jws/4_4.hmac-sha2_integrity_protection.json",
    "rfc7520/curve25519/jws.json",
]
REPRODUCIBLE = [name for name in COMPACT_SIGNATURES if "4_2" not in name and "4_3" not in name]


def key_of(example: dict[str, Any]) -> Key:
    return Key.from_dict({**example["input"]["key"], "alg": example["input"]["alg"]})


@pytest.mark.parametrize("name", COMPACT_SIGNATURES)
def test_a_compact_signature_is_accepted(name: str) -> None:
    example = folder.read(name)
    key = key_of(example)
    message = jws.verify(example["output"]["compact"], key, algorithms=(key.alg,))
    assert message.payload == example["input"]["payload"].encode()
    assert dict(message.header.members) == example["signing"]["protected"]


@pytest.mark.parametrize("name", COMPACT_SIGNATURES)
def test_a_changed_signature_is_not(name: str) -> None:
    example = folder.read(name)
    key = key_of(example)
    signing_input, _, signature = example["output"]["compact"].rpartition(".")
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    with pytest.raises(SignatureInvalidError):
        jws.verify(f"{signing_input}.{changed}", key, algorithms=(key.alg,))


@pytest.mark.parametrize("name", REPRODUCIBLE)
def test_signing_gives_the_published_signature(name: str) -> None:
    example = folder.read(name)
    signing = example["signing"]
    signature = key_of(example).sign(signing["sig-input"].encode())
    assert base64url.encode_text(signature) == signing["sig"]


def other_forms(name: str) -> Iterator[str]:
    """Everything that the example publishes, but for a compact signature that is to be accepted."""
    for form, value in folder.read(name)["output"].items():
        if form != "compact" or name not in COMPACT_SIGNATURES:
            yield value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("name", [name for name in COOKBOOK if "/jwk/" not in name and "6.nesting" not in name])
def test_every_other_form_is_refused(name: str) -> None:
    """J37, J67: JSON forms and JWE; J45: detached and unencoded payloads."""
    document = folder.read(name)
    forms = list(other_forms(name))
    assert forms
    listed = document["input"].get("key", [])
    keys = [*importable(listed if isinstance(listed, list) else [listed], document["input"]["alg"])]
    for key in keys or [Key.generate("ES256"), Key.generate("HS256")]:
        for text in forms:
            with pytest.raises((MalformedTokenError, UnsupportedHeaderError, SignatureInvalidError)):
                jws.verify_message(jws.split(text), key, algorithms=(key.alg,))


def importable(listed: list[dict[str, Any]], alg: str | list[str]) -> Iterator[Key]:
    for jwk, name in zip(listed, [alg] if isinstance(alg, str) else alg, strict=False):
        try:
            yield Key.from_dict({**jwk, "alg": name})
        except JOSEError:
            assert jwk["use"] == "enc"


def test_a_signature_inside_an_encryption_is_not_looked_for() -> None:
    """J67: RFC 7520 section 6. The outside is refused; the inside is an ordinary JWS."""
    nested = folder.read("rfc7520/6.nesting_signatures_and_encryption.json")
    signed, encrypted = nested["sign"], nested["encrypt"]
    with pytest.raises(MalformedTokenError):
        jws.split(encrypted["output"]["compact"])
    key = key_of(signed)
    assert jws.verify(signed["output"]["compact"], key, algorithms=(key.alg,)).payload


@pytest.mark.parametrize(
    "text", ["eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2V9.$.02.", "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2V9.JC4wMg."]
)
def test_an_unencoded_payload_is_refused_with_its_own_signature(text: str) -> None:
    """J45, RFC 7797: neither as published nor with the payload encoded, which would be another token."""
    example = folder.read("rfc7520/rfc7797/4.2.hmac-sha2_b64_false.json")
    key = key_of(example)
    with pytest.raises((MalformedTokenError, UnsupportedHeaderError)):
        jws.verify(text + example["signing"]["sig"], key, algorithms=("HS256",))


KEYS = {
    "3_1.ec_public_key": ("ES512", False),
    "3_2.ec_private_key": ("ES512", True),
    "3_3.rsa_public_key": ("RS256", False),
    "3_4.rsa_private_key": ("PS384", True),
    "3_5.symmetric_key_mac_computation": ("HS256", True),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_read_and_written_as_it_was(name: str) -> None:
    alg, is_private = KEYS[name]
    jwk = folder.read(f"rfc7520/jwk/{name}.json")
    key = Key.from_dict({**jwk, "alg": alg})
    assert key.is_private is is_private
    assert key.to_dict(private=True) == {**jwk, "alg": alg}
    assert key.sign(b"data") if is_private else not key.to_dict().get("d")


def test_a_key_for_encryption_is_refused() -> None:
    with pytest.raises(UnsupportedKeyError):
        Key.from_dict(folder.read("rfc7520/jwk/3_6.symmetric_key_encryption.json"))
    with pytest.raises(UnsupportedKeyError):
        Key.from_dict(folder.read("rfc7520/curve25519/ecdh-es.json")["input"]["key"])
