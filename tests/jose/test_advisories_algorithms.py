"""Published attacks on the choice of algorithm and key, by the numbers they were published under (THREATS J01-J15,
J50). Each is tried as it was described; the token that an honest signer would have made passes beside it.
"""

import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.jose.forge import b64, forge

from watchword.jose import Key, KeySet, base64url, jws, jwt
from watchword.jose.algorithms import ALGORITHMS, ASYMMETRIC
from watchword.jose.errors import AlgorithmNotAllowedError, InvalidKeyError, JOSEError, MalformedTokenError

KEY = Key.generate("ES256", kid="k")
SECRET = Key.generate("HS256", kid="k")
CLAIMS = b64('{"sub":"admin"}')
SYMMETRIC = ("HS256", "HS384", "HS512")


def header(**members: Any) -> str:
    return b64(json.dumps({"kid": "k"} | members))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(f"{header(alg='none')}.{CLAIMS}.", id="cve_2015_9235"),
        pytest.param(f"{header(alg='none', typ='JWT')}.{CLAIMS}.", id="cve_2018_1000531"),
        pytest.param(f"{header(alg='none')}.{CLAIMS}.{b64('anything')}", id="pysec_2020_69"),
        pytest.param(f"{header(alg='None')}.{CLAIMS}.", id="cve_2026_28802"),
        pytest.param(f"{header(alg='')}.{CLAIMS}.", id="cve_2022_23540"),
        pytest.param(f"{header(alg='ES256')}.{CLAIMS}.", id="cve_2020_28042"),
    ],
)
def test_j01_an_unsigned_token_is_never_verified(token: str) -> None:
    for key, algorithms in ((KEY, ASYMMETRIC), (SECRET, SYMMETRIC), (KeySet([KEY]), ASYMMETRIC)):
        with pytest.raises(JOSEError):
            jws.verify(token, key, algorithms=algorithms)
    with pytest.raises(ValueError, match="algorithms"):
        jws.verify(forge(KEY, {"alg": "none", "kid": "k"}), KEY, algorithms=("none",))


def test_j01_no_row_of_the_registry_signs_nothing() -> None:
    assert not any(row.name.lower().startswith("non") or not row.name for row in ALGORITHMS)
    with pytest.raises(InvalidKeyError):
        Key.from_dict({"kty": "oct", "alg": "none", "k": ""})


@pytest.mark.parametrize("signature", ["", b64(bytes(64))], ids=["cve_2026_23993_empty", "cve_2026_23993_random"])
def test_j04_an_unknown_algorithm_is_not_nothing_to_check(signature: str) -> None:
    with pytest.raises(AlgorithmNotAllowedError):
        jws.verify(f"{header(alg='XX999')}.{CLAIMS}.{signature}", KEY)


def document(kind: str) -> tuple[Key, bytes]:
    """A public key, and the bytes under which its owner publishes it."""
    if kind in {"pkcs1", "spki-rsa", "der"}:
        public: Any = RSA_PUBLIC
        numbers = public.public_numbers()
        n, e = base64url.encode_uint(numbers.n), base64url.encode_uint(numbers.e)
        key = Key.from_dict({"kty": "RSA", "alg": "RS256", "kid": "k", "n": n, "e": e})
        encoding = Encoding.DER if kind == "der" else Encoding.PEM
        form = PublicFormat.PKCS1 if kind == "pkcs1" else PublicFormat.SubjectPublicKeyInfo
        return key, public.public_bytes(encoding, form)
    if kind == "ssh-ed25519":
        edwards = ed25519.Ed25519PrivateKey.generate().public_key()
        x = base64url.encode_text(edwards.public_bytes_raw())
        key = Key.from_dict({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x})
        return key, edwards.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    x, y = (base64url.encode_uint(number, 32) for number in (point.public_numbers().x, point.public_numbers().y))
    key = Key.from_dict({"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y})
    texts = {
        "ssh-ecdsa": point.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "spki-ec": point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "point": point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "jwk": json.dumps(key.to_dict()).encode(),
        "jwks": json.dumps({"keys": [key.to_dict()]}).encode(),
    }
    return key, texts[kind]


RSA_PUBLIC = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
CONFUSIONS = [
    pytest.param("spki-rsa", b"", id="cve_2015_9235"),
    pytest.param("spki-rsa", b"", id="dsa_3293"),
    pytest.param("spki-ec", b"", id="cve_2016_10555"),
    pytest.param("der", b"", id="cve_2016_5431"),
    pytest.param("pkcs1", b"", id="cve_2017_11424"),
    pytest.param("ssh-ed25519", b"", id="cve_2022_29217"),
    pytest.param("spki-ec", b"", id="cve_2023_48223"),
    pytest.param("ssh-ecdsa", b"", id="cve_2024_33663"),
    pytest.param("ssh-ecdsa", b"\r\n", id="cve_2024_37568"),
    pytest.param("spki-rsa", b" \n\t", id="cve_2026_34950"),
    pytest.param("spki-rsa", b"\xef\xbb\xbfkey=", id="ghsa_ww5h_9m49_7xx4"),
    pytest.param("jwk", b"", id="cve_2026_48526"),
    pytest.param("jwks", b"", id="cve_2026_48526_set"),
    pytest.param("jwk", b"\n", id="fast_jwt_636"),
    pytest.param("jwk", b"", id="cve_2026_22817"),
    pytest.param("jwks", b"", id="cve_2026_11800"),
    pytest.param("point", b"", id="raw_point"),
]


@pytest.mark.parametrize(("kind", "prefix"), CONFUSIONS)
def test_j05_j07_what_is_published_does_not_make_a_mac_that_is_taken(kind: str, prefix: bytes) -> None:
    key, published = document(kind)
    signing_input = f"{header(alg='HS256')}.{CLAIMS}"
    for secret in (prefix + published, published, published.strip()):
        token = f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), 'sha256'))}"
        for keys in (key, KeySet([key])):
            for algorithms in (ASYMMETRIC, SYMMETRIC, (key.alg,)):
                with pytest.raises(AlgorithmNotAllowedError):
                    jws.verify(token, keys, algorithms=algorithms)


@pytest.mark.parametrize(("kind", "prefix"), CONFUSIONS)
def test_j06_what_is_published_is_no_shared_secret(kind: str, prefix: bytes) -> None:
    _, published = document(kind)
    for alg in SYMMETRIC:
        with pytest.raises(InvalidKeyError):
            Key.from_dict({"kty": "oct", "alg": alg, "k": base64url.encode_text(prefix + published)})


def test_j07_cve_2026_22817_a_silent_jwk_takes_its_algorithm_from_us_and_not_from_the_header() -> None:
    members = Key.generate("RS256", kid="k").to_dict()
    del members["alg"]
    key = Key.from_dict(members, algorithms=("RS256",))
    for alg in ("RS384", "PS256", "HS256", "none"):
        with pytest.raises(AlgorithmNotAllowedError):
            jws.verify(f"{header(alg=alg)}.{CLAIMS}.{b64(bytes(256))}", key)


def test_j08_cve_2026_48523_the_allow_list_is_asked_about_the_algorithm_that_is_used() -> None:
    key = Key.generate("PS256", kid="k")
    token = forge(key, {"alg": "RS256", "kid": "k"})  # signed with PS256, and says RS256, which is allowed
    for algorithms in (("RS256",), ("RS256", "PS256"), ASYMMETRIC):
        with pytest.raises(AlgorithmNotAllowedError):
            jws.verify(token, key, algorithms=algorithms)
    with pytest.raises(AlgorithmNotAllowedError):
        jws.verify(forge(key, {"alg": "PS256", "kid": "k"}), key, algorithms=("RS256",))


@pytest.mark.parametrize("alg", ["none", "HS1", "XX999", "Ed448", "ML-DSA-65", "sha256"])
def test_j10_cve_2026_28498_a_hash_that_is_not_known_is_not_a_hash_that_fits(alg: str) -> None:
    with pytest.raises(AlgorithmNotAllowedError):
        jwt.half_hash("an-access-token", alg)


@pytest.mark.parametrize("key", [None, "", b"", 0, False, [], {}, ()])
@pytest.mark.parametrize("number", ["cve_2026_27962", "cve_2022_23540", "ghsa_8wpc_h4q6_8fxv"])
def test_j15_no_key_is_the_callers_mistake_and_never_a_reason_to_look_elsewhere(number: str, key: Any) -> None:
    attacker = Key.generate("ES256", kid="k")
    token = {
        "cve_2026_27962": forge(attacker, {"alg": "ES256", "jwk": attacker.to_dict()}),
        "cve_2022_23540": f"{header(alg='none')}.{CLAIMS}.",
        "ghsa_8wpc_h4q6_8fxv": f"{header(alg='HS256')}.{CLAIMS}.{b64(hmac.digest(b'', b'x', 'sha256'))}",
    }[number]
    for algorithms in (ASYMMETRIC, SYMMETRIC):
        with pytest.raises(TypeError):
            jws.verify(token, key, algorithms=algorithms)
    with pytest.raises(TypeError):
        jwt.signed(jws.split(token), key)


@pytest.mark.parametrize("number", ["cve_2018_0114", "cve_2026_27962"])
@pytest.mark.parametrize("kid", ["k", None])
def test_j50_a_key_that_the_token_brings_along_is_never_used(number: str, kid: str | None) -> None:
    attacker = Key.generate("ES256")
    members: dict[str, Any] = {"alg": "ES256", "jwk": attacker.to_dict()} | ({} if kid is None else {"kid": kid})
    for keys in (KEY, KeySet([KEY]), KeySet([])):
        with pytest.raises(JOSEError) as caught:
            jws.verify(forge(attacker, members), keys)
        assert caught.value.code in {"signature_invalid", "key_unknown"}


def test_j03_a_header_without_an_algorithm_is_malformed() -> None:
    with pytest.raises(MalformedTokenError):
        jws.verify(f"{b64('{}')}.{CLAIMS}.{b64(bytes(64))}", KEY)


@pytest.mark.parametrize("algorithms", ["ES256", "HS256", "ES256,HS256"])
def test_j09_one_string_of_names_is_no_list_of_names(algorithms: str) -> None:
    with pytest.raises(TypeError):
        jws.verify(forge(KEY, {"alg": "ES256", "kid": "k"}), KEY, algorithms=algorithms)
