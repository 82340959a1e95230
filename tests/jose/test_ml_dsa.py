"""ML-DSA keys and tokens (RFC 9964; THREATS J08, J19, J20, J21)."""

from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey
from tests.jose.forge import b64

from watchword.jose import Key, KeySet, base64url, jwt, thumbprint
from watchword.jose.algorithms import akp
from watchword.jose.errors import (
    AlgorithmNotAllowedError,
    InvalidKeyError,
    SignatureInvalidError,
    UnsupportedKeyError,
)
from watchword.jose.jws import MAX_TOKEN_CHARACTERS

NAMES = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
KEYS = {name: Key.generate(name) for name in NAMES}
ZERO_SEED = "A" * 43


def zero_key(name: str) -> dict[str, Any]:
    kinds: dict[str, Any] = {"ML-DSA-44": MLDSA44PrivateKey, "ML-DSA-65": MLDSA65PrivateKey}
    private = kinds[name].from_seed_bytes(bytes(32))
    return {"kty": "AKP", "alg": name, "pub": b64(private.public_key().public_bytes_raw()), "priv": ZERO_SEED}


@pytest.mark.parametrize(
    ("name", "kid"),
    [
        ("ML-DSA-44", "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o"),
        ("ML-DSA-65", "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM"),
    ],
)
def test_the_keys_of_the_appendix_have_the_thumbprints_of_the_appendix(name: str, kid: str) -> None:
    key = Key.from_dict(zero_key(name))
    assert (key.kid, key.is_private) == (kid, True)
    assert thumbprint.uri(key.thumbprint()) == f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{kid}"


@pytest.mark.parametrize("name", NAMES)
def test_a_token_fits_the_length_that_tokens_may_have(name: str) -> None:
    key = KEYS[name]
    token = jwt.encode({"sub": "alice"}, key)
    assert len(token) < MAX_TOKEN_CHARACTERS / 2
    assert jwt.decode(token, KeySet([key.public()])).claims == {"sub": "alice"}


@pytest.mark.parametrize("name", NAMES)
def test_j21_the_public_form_holds_no_seed(name: str) -> None:
    key = KEYS[name]
    assert set(key.to_dict()) == {"kty", "alg", "pub", "kid", "use"}
    seed = key.to_dict(private=True)["priv"]
    assert len(base64url.decode_text(seed)) == 32
    assert seed not in repr(key)


def test_j07_a_key_without_alg_is_never_guessed() -> None:
    members = KEYS["ML-DSA-44"].to_dict()
    del members["alg"]
    for algorithms in ((), ("ML-DSA-44",), ("ML-DSA-44", "ES256")):
        with pytest.raises(UnsupportedKeyError):
            Key.from_dict(members, algorithms=algorithms)


@pytest.mark.parametrize("alg", ["ML-DSA-65", "ML-DSA-87", "ES256", "Ed25519", "HS256"])
def test_j19_a_key_of_another_parameter_set_is_refused(alg: str) -> None:
    with pytest.raises(InvalidKeyError):
        Key.from_dict(KEYS["ML-DSA-44"].to_dict() | {"alg": alg})


@pytest.mark.parametrize("name", ["pub", "priv"])
def test_j20_keys_have_their_exact_length(name: str) -> None:
    members = KEYS["ML-DSA-44"].to_dict(private=True)
    octets = base64url.decode_text(members[name])
    for wrong in (octets[:-1], octets + b"\0", b"", octets * 2):
        with pytest.raises(InvalidKeyError):
            Key.from_dict(members | {name: base64url.encode_text(wrong)})


def test_the_seed_must_belong_to_the_public_key() -> None:
    with pytest.raises(InvalidKeyError, match="does not belong"):
        Key.from_dict(zero_key("ML-DSA-44") | {"priv": b64(bytes(31) + b"\1")})


def test_j08_a_token_of_one_parameter_set_is_none_of_another() -> None:
    token = jwt.encode({}, KEYS["ML-DSA-44"])
    with pytest.raises(AlgorithmNotAllowedError):
        jwt.decode(token, Key.from_dict(KEYS["ML-DSA-65"].to_dict() | {"kid": KEYS["ML-DSA-44"].kid}))


@pytest.mark.parametrize("name", NAMES)
def test_j25_a_signature_of_another_length_is_refused_before_the_library_is_asked(name: str) -> None:
    key = KEYS[name]
    material: Any = key._material
    same = type(material)(material._parameters, material._public, None)
    asked: list[bytes] = []
    same._verify = lambda signature, data: asked.append(signature)
    signature = key.sign(b"data")
    for other in (b"", signature[:-1], signature + b"\0", signature * 2):
        with pytest.raises(SignatureInvalidError):
            same.verify(b"data", other)
    assert asked == []
    same.verify(b"data", signature)
    assert asked == [signature]


def test_a_signature_made_with_a_context_is_none() -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    key = Key.from_dict(zero_key("ML-DSA-44"))
    key.verify(b"data", private.sign(b"data"))
    with pytest.raises(SignatureInvalidError):
        key.verify(b"data", private.sign(b"data", b"context"))


def test_an_openssl_without_ml_dsa_makes_the_keys_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> Any:
        raise UnsupportedAlgorithm("ML-DSA")

    parameters = akp.ParameterSet("ML-DSA-44", 1312, 2420, absent, absent, absent)
    with pytest.raises(UnsupportedKeyError):
        akp._generate(parameters)
    with pytest.raises(UnsupportedKeyError):
        akp._load(parameters, zero_key("ML-DSA-44"))
