"""Several issuers in one verifier (THREATS J54): keys belong to the issuer that was configured with them."""

import pytest
from tests.verify.tokens import API, NOW, access_token, claims

from watchword.clock import SettableClock
from watchword.jose import Key, jwt
from watchword.verify import VerificationError, Verifier
from watchword.verify.options import TrustedIssuer

ONE, OTHER = "https://one.example", "https://other.example"
KEYS = {ONE: Key.generate("ES256", kid="shared"), OTHER: Key.generate("ES256", kid="shared")}
KEYCLOAK = {"typ": "Bearer", "azp": "app", "realm_access": {"roles": ["clerk"]}}


@pytest.fixture(params=[True, False], ids=["cached", "not cached"])
def verifier(request: pytest.FixtureRequest) -> Verifier:
    return Verifier(
        issuers=[
            TrustedIssuer(issuer=ONE, keys=KEYS[ONE].public()),
            TrustedIssuer(issuer=OTHER, keys=KEYS[OTHER].public(), profile="keycloak", audience="orders"),
        ],
        audience=API,
        clock=SettableClock(NOW),
        cache=request.param,
    )


def code(verifier: Verifier, token: str) -> str:
    with pytest.raises(VerificationError) as caught:
        verifier.verify(token)
    return caught.value.code


def standard(key: Key, issuer: str = ONE) -> str:
    return access_token(key, iss=issuer)


def keycloak(key: Key, issuer: str = OTHER, audience: str = "orders") -> str:
    return jwt.encode({**claims(iss=issuer, aud=audience), **KEYCLOAK}, key)


def test_j54_each_issuers_tokens_are_verified_by_its_own_rules(verifier: Verifier) -> None:
    for _ in range(2):
        assert verifier.verify(standard(KEYS[ONE])).issuer == ONE
        assert verifier.verify(keycloak(KEYS[OTHER])).roles == {"clerk"}


def test_j54_the_same_key_name_of_another_issuer_is_another_key(verifier: Verifier) -> None:
    verifier.verify(standard(KEYS[ONE]))
    verifier.verify(keycloak(KEYS[OTHER]))
    assert code(verifier, standard(KEYS[OTHER])) == "signature_invalid"
    assert code(verifier, keycloak(KEYS[ONE])) == "signature_invalid"


def test_j54_an_issuer_is_not_believed_about_the_tokens_of_another(verifier: Verifier) -> None:
    assert code(verifier, keycloak(KEYS[ONE], issuer=ONE, audience=API)) == "type_mismatch"
    assert code(verifier, standard(KEYS[OTHER], issuer=OTHER)) == "type_mismatch"


def test_j54_an_audience_at_one_issuer_is_none_at_another(verifier: Verifier) -> None:
    assert code(verifier, keycloak(KEYS[OTHER], audience=API)) == "audience_mismatch"
    assert code(verifier, access_token(KEYS[ONE], iss=ONE, aud="orders")) == "audience_mismatch"


@pytest.mark.parametrize("issuer", ["https://third.example", ONE + "/", ONE.upper(), "", f"{ONE},{OTHER}"])
def test_j62_an_issuer_that_is_not_listed_is_refused(verifier: Verifier, issuer: str) -> None:
    assert code(verifier, standard(KEYS[ONE], issuer=issuer)) == "issuer_mismatch"


@pytest.mark.parametrize("value", [[ONE], {ONE: OTHER}, 1, None, True], ids=repr)
def test_j62_an_issuer_that_is_no_name_is_refused(verifier: Verifier, value: object) -> None:
    assert code(verifier, access_token(KEYS[ONE], iss=value)) in {"issuer_mismatch", "claim_invalid"}
