"""Key sets of the shapes that issuers publish, read as the profile says."""

from typing import Any

import pytest
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.profiles.issuer_tokens import ACCESS_TOKENS, NAMES, Sample, key
from tests.verify.tokens import NOW

from watchword.clock import SettableClock
from watchword.verify import KeysUnavailableError, Verifier
from watchword.verify.key_source import PublishedKeys
from watchword.verify.profiles import by_name

ENCRYPTION_KEY = {"kid": "enc", "kty": "RSA", "alg": "RSA-OAEP", "use": "enc", "n": "AQAB", "e": "AQAB"}


def published(profile: str) -> dict[str, Any]:
    """What stands at ``jwks_uri``: Entra leaves ``alg`` out, Keycloak lists a key for encryption too."""
    own = {"use": "sig", "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg", "x5c": ["MIIC"], **key().public().to_dict()}
    if profile == "entra":
        return {"keys": [{name: value for name, value in own.items() if name != "alg"} | {"issuer": "https://x/"}]}
    return {"keys": [ENCRYPTION_KEY, own] if profile == "keycloak" else [own]}


def first(profile: str) -> Sample:
    return next(sample for sample in ACCESS_TOKENS if sample.profile == profile)


@pytest.mark.parametrize("profile", NAMES)
def test_the_keys_of_each_issuer_verify_its_tokens(profile: str, issuer: LoopbackIssuer) -> None:
    issuer.serves(published(profile))
    sample = first(profile)
    verifier = Verifier(
        issuer=issuer.url, audience=sample.audience, profile=profile, clock=SettableClock(NOW), revocation="off"
    )
    assert verifier.verify(sample.token(iss=issuer.url)).client_id == sample.says["client_id"]


def test_j07_a_key_without_an_algorithm_is_used_only_where_the_profile_leaves_one(issuer: LoopbackIssuer) -> None:
    issuer.serves(published("entra"))
    assert by_name("entra").algorithms == ("RS256",)
    sample = first("okta")
    verifier = Verifier(
        issuer=issuer.url, audience=sample.audience, profile="okta", clock=SettableClock(NOW), revocation="off"
    )
    with pytest.raises(KeysUnavailableError):
        verifier.verify(sample.token(iss=issuer.url))


@pytest.mark.parametrize(
    "name", ["https://my-domain.eu.auth0.com/", "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/"]
)
def test_a_name_that_ends_in_a_slash_has_its_metadata_under_it(name: str) -> None:
    verifier = Verifier(issuer=name, audience="api", profile="auth0", revocation="off")
    keys = verifier._verification.issuers[0].keys
    assert isinstance(keys, PublishedKeys)
    assert keys._address.metadata_url == name + ".well-known/openid-configuration"
