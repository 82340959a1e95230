"""Whatever comes as a DPoP proof is refused as one, and breaks nothing (THREATS J38-J47, O43, O44)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.verify.proofs import TOKEN, header, proof_claims, public_jwk, raw_proof
from tests.verify.tokens import API, NOW

from watchword.jose import Key
from watchword.verify.certificate import certificate_from_header
from watchword.verify.dpop import Proof, ProofNonces, check_proof
from watchword.verify.errors import ClaimInvalidError, PresentationError, SenderProofError
from watchword.verify.sender import read_confirmation

KEY = Key.generate("ES256")
JWK = public_jwk(KEY)
NONCES = ProofNonces(b"n" * 32)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(list(JWK.values())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEY_MEMBERS = ("kty", "crv", "x", "y", "n", "e", "d", "k", "alg", "use", "key_ops", "kid", "pub", "x5c")
KEY_TYPES = st.sampled_from(["EC", "RSA", "OKP", "AKP", "oct", "P-256", "Ed25519", "ES256", "AQAB", "sig"])


def outcome(text: str) -> Proof | None:
    """The proof, or None where it is refused as it should be."""
    try:
        return check_proof(
            text,
            expected_method="GET",
            expected_uri=API + "/orders",
            now=NOW,
            expected_thumbprint=KEY.thumbprint(),
            access_token=TOKEN,
            nonces=NONCES,
        )
    except SenderProofError:
        return None


@given(st.text())
def test_any_text(text: str) -> None:
    assert outcome(text) is None


@given(st.sampled_from(["typ", "alg", "jwk", "kid", "crit", "b64", "zip"]), JSON)
def test_any_header(name: str, value: Any) -> None:
    spoilt = header(KEY, **{name: value})
    found = outcome(raw_proof(KEY, spoilt, proof_claims(nonce=NONCES.current(NOW))))
    assert found is None or name == "kid"


@given(st.dictionaries(st.sampled_from(KEY_MEMBERS), KEY_TYPES | JSON, max_size=6))
def test_any_key(members: dict[str, Any]) -> None:
    found = outcome(raw_proof(KEY, header(KEY, jwk={**JWK, **members}), proof_claims(nonce=NONCES.current(NOW))))
    assert found is None or found.thumbprint == KEY.thumbprint()


@given(st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce", "exp", "nbf"]), JSON)
def test_any_claim(name: str, value: Any) -> None:
    claims = {**proof_claims(nonce=NONCES.current(NOW)), name: value}
    found = outcome(raw_proof(KEY, header(KEY), claims))
    assert found is None or name in {"jti", "iat", "exp", "nbf"}


@given(JSON | st.dictionaries(st.sampled_from(["jkt", "x5t#S256", "jwk"]), JSON))
def test_any_binding(cnf: Any) -> None:
    try:
        bound = read_confirmation(cnf)
    except ClaimInvalidError:
        return
    assert bound.jkt or bound.x5t_s256


@given(
    st.text()
    | st.text(alphabet="%:AB=\n-").map(lambda text: f"-----BEGIN CERTIFICATE-----{text}-----END CERTIFICATE-----")
)
def test_any_certificate_header(value: str) -> None:
    try:
        found = certificate_from_header(value)
    except PresentationError:
        return
    assert found is None or isinstance(found, bytes)
