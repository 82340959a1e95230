"""Each profile reads its issuer's access tokens, and takes nothing else for one (THREATS J61, J65)."""

from itertools import product
from typing import Any

import pytest
from tests.verify.profiles.issuer_tokens import (
    ACCESS_TOKENS,
    ACCESS_TOKENS_FOR_OTHERS,
    ID_TOKENS,
    NAMES,
    OTHER_TOKENS,
    Sample,
)

from watchword.verify import VerificationError


def refusal(sample: Sample, token: str, *, profile: str = "", audience: list[str] | None = None) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        sample.verify(token, profile=profile, audience=audience)
    return caught.value


def test_every_profile_has_tokens_of_users_and_id_tokens() -> None:
    for name in NAMES:
        clients = {sample.says["is_client"] for sample in ACCESS_TOKENS if sample.profile == name}
        assert clients == {True, False}
        assert any(sample.profile == name for sample in ID_TOKENS)


@pytest.mark.parametrize("sample", ACCESS_TOKENS, ids=str)
def test_an_access_token_says_who_may_do_what(sample: Sample) -> None:
    verified = sample.verify(sample.token())
    assert verified.sub == sample.claims["sub"]
    assert {
        "client_id": verified.client_id,
        "scopes": sorted(verified.scopes),
        "roles": sorted(verified.roles),
        "is_client": verified.is_client,
    } == {**sample.says, "scopes": sorted(sample.says["scopes"]), "roles": sorted(sample.says["roles"])}


@pytest.mark.parametrize("sample", ACCESS_TOKENS, ids=str)
def test_j65_without_a_claim_that_it_needs_it_is_refused(sample: Sample) -> None:
    for claim in sample.needs:
        error = refusal(sample, sample.token(**{claim: None}))
        assert error.code in {"claim_invalid", "type_mismatch", "audience_mismatch"}


@pytest.mark.parametrize("sample", ACCESS_TOKENS, ids=str)
def test_j61_a_claim_of_another_type_is_never_taken_for_the_right_one(sample: Sample) -> None:
    values: list[Any] = ["", 7, {"a": "b"}, [], [""], True]
    for claim, value in product(sample.needs, values):
        is_right = (claim == "iat" and value == 7) or (claim == "scp" and value == [] and sample.profile == "okta")
        if not is_right or value is True:
            refusal(sample, sample.token(**{claim: value}))


@pytest.mark.parametrize("sample", ACCESS_TOKENS, ids=str)
def test_j61_a_token_for_another_api_is_refused(sample: Sample) -> None:
    assert refusal(sample, sample.token(), audience=["https://other.example"]).code == "audience_mismatch"
    assert refusal(sample, sample.token(aud=["https://other.example"])).code == "audience_mismatch"


@pytest.mark.parametrize("sample", ID_TOKENS, ids=str)
def test_j65_an_id_token_is_refused(sample: Sample) -> None:
    assert refusal(sample, sample.token()).code == "type_mismatch"


@pytest.mark.parametrize("sample", ID_TOKENS, ids=str)
def test_j65_an_id_token_with_the_audience_of_an_access_token_is_refused(sample: Sample) -> None:
    client = sample.claims.get("aud")
    for api in sample.audience:
        for audience in (api, [api], [client, api]):
            assert refusal(sample, sample.token(aud=audience)).code == "type_mismatch"
            # OpenID Connect Core section 2 lets an ID token name its client in ``azp`` too.
            assert refusal(sample, sample.token(aud=[client, api], azp=client)).code == "type_mismatch"


@pytest.mark.parametrize("sample", ID_TOKENS, ids=str)
def test_j65_an_id_token_is_refused_where_the_client_itself_is_the_audience(sample: Sample) -> None:
    client = str(sample.claims.get("aud"))
    assert refusal(sample, sample.token(), audience=[client]).code == "type_mismatch"
    assert refusal(sample, sample.token(azp=client), audience=[client]).code == "type_mismatch"


@pytest.mark.parametrize("sample", OTHER_TOKENS, ids=str)
def test_j65_no_other_token_of_the_issuer_passes(sample: Sample) -> None:
    assert refusal(sample, sample.token()).code in {"type_mismatch", "claim_invalid"}


@pytest.mark.parametrize("sample", ACCESS_TOKENS_FOR_OTHERS, ids=str)
def test_j61_an_access_token_for_another_service_is_refused(sample: Sample) -> None:
    assert refusal(sample, sample.token()).code == "audience_mismatch"


@pytest.mark.parametrize("sample", ACCESS_TOKENS, ids=str)
def test_j65_a_header_of_another_type_is_refused(sample: Sample) -> None:
    for typ in ("dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", "client-authentication+jwt", "x"):
        assert refusal(sample, sample.token({**sample.header, "typ": typ})).code == "type_mismatch"


@pytest.mark.parametrize("sample", ID_TOKENS, ids=str)
def test_j65_an_id_token_of_any_issuer_is_refused_in_every_profile(sample: Sample) -> None:
    audience = [*sample.audience, str(sample.claims.get("aud"))]
    for name in NAMES:
        assert refusal(sample, sample.token(), profile=name, audience=audience).code == "type_mismatch"
