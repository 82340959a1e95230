"""The examples of RFC 7515, RFC 9449 and RFC 9964, which need no folder of vectors.

Those of RFC 7638 and RFC 8037 are in tests/jose/test_thumbprint.py.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from tests.vectors.der import public_members

from watchword.jose import Key, base64url, jws
from watchword.jose.errors import (
    AlgorithmNotAllowedError,
    InvalidKeyError,
    MalformedTokenError,
    SignatureInvalidError,
)


def published(name: str, key: str) -> dict[str, dict[str, Any]]:
    return {example[key]: example for example in json.loads((Path(__file__).parent / name).read_text())}


APPENDIX_A = published("rfc7515_appendix_a.json", "section")
ML_DSA = published("rfc9964_appendix_a.json", "alg")
CLAIMS = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'


@pytest.mark.parametrize("section", APPENDIX_A)
def test_rfc_7515_appendix_a(section: str) -> None:
    example = APPENDIX_A[section]
    key = Key.from_dict(example["jwk"])
    message = jws.verify(example["compact"], key, algorithms=(key.alg,))
    assert message.payload == (b"Payload" if section == "A.4" else CLAIMS)
    for other in set(APPENDIX_A) - {section}:
        with pytest.raises(AlgorithmNotAllowedError):
            jws.verify(APPENDIX_A[other]["compact"], key, algorithms=(key.alg,))


def test_rfc_7515_appendix_a_5_without_a_signature() -> None:
    """J01: ``none`` is no algorithm, whoever asks."""
    token = f"eyJhbGciOiJub25lIn0.{base64url.encode_text(CLAIMS)}."
    for example in APPENDIX_A.values():
        key = Key.from_dict(example["jwk"])
        with pytest.raises(AlgorithmNotAllowedError):
            jws.verify(token, key, algorithms=(key.alg,))
    with pytest.raises(ValueError, match="algorithms"):
        jws.verify(APPENDIX_A["A.3"]["compact"], Key.from_dict(APPENDIX_A["A.3"]["jwk"]), algorithms=("none",))


def test_rfc_7515_appendices_a_6_and_a_7_in_json() -> None:
    """J37, J67: the JSON forms of the signatures of A.2 and A.3."""
    parts = {section: APPENDIX_A[section]["compact"].split(".") for section in ("A.2", "A.3")}
    payload = parts["A.3"][1]
    rows = [{"protected": part[0], "header": {"kid": "2010-12-29"}, "signature": part[2]} for part in parts.values()]
    for document in ({"payload": payload, "signatures": rows}, {"payload": payload, **rows[1]}):
        with pytest.raises(MalformedTokenError):
            jws.split(json.dumps(document))


TOKEN_REQUEST = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJq"
    "dGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0Ijox"
    "NTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
RESOURCE_REQUEST = (
    TOKEN_REQUEST.partition(".")[0]
    + ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0"
    "ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9"
    ".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)


@pytest.mark.parametrize(
    ("proof", "token_id"), [(TOKEN_REQUEST, "-BwC3ESc6acc2lTc"), (RESOURCE_REQUEST, "e1j3V_bKic8-LAEB")]
)
def test_rfc_9449_proofs(proof: str, token_id: str) -> None:
    """Figures 2 and 12, and the thumbprint of section 6.1: the key that the header carries made the signature."""
    unverified = jws.split(proof)
    assert unverified.header.kind == "dpop+jwt"
    key = Key.from_dict(unverified.header.members["jwk"])
    assert key.thumbprint() == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    assert json.loads(jws.verify_message(unverified, key).payload)["jti"] == token_id
    with pytest.raises(SignatureInvalidError):
        jws.verify(proof, Key.generate("ES256").public())


def test_a_proof_that_carries_a_private_key_shows_it() -> None:
    """J21: whoever reads a proof's key can see that it is a private one, and RFC 9449 section 4.3 then refuses."""
    carried = jws.split(TOKEN_REQUEST).header.members["jwk"]
    assert not Key.from_dict(carried).is_private
    with pytest.raises(InvalidKeyError):
        Key.from_dict({**carried, "d": APPENDIX_A["A.3"]["jwk"]["d"]})


ZEROS: dict[str, Any] = {
    "ML-DSA-44": mldsa.MLDSA44PrivateKey,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey,
}


@pytest.mark.parametrize("alg", ML_DSA)
def test_rfc_9964_appendix_a(alg: str) -> None:
    """The key that grows from a seed of zeros, its thumbprint, and a signature by it."""
    public = ZEROS[alg].from_seed_bytes(bytes(32)).public_key()
    seed = base64url.encode_text(bytes(32))
    key = Key.from_dict({**public_members(public), "alg": alg, "priv": seed})
    assert key.kid == key.thumbprint() == ML_DSA[alg]["kid"]
    compact = ML_DSA[alg]["compact"]
    assert jws.verify(compact, key).payload.decode() == "It’s a dangerous business, Frodo, going out your door."
    with pytest.raises(SignatureInvalidError):
        key.verify(b"something else", base64url.decode_text(compact.rpartition(".")[2]))
