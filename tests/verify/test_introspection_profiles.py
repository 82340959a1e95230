"""An introspection answer under the names of the issuer's profile (RFC 7662 section 2.2; THREATS J61, J65): what a
token would say, its answer says, and nothing that neither the RFC nor the profile names counts.
"""

from typing import Any

import pytest
from tests.verify.profiles.issuer_tokens import ACCESS_TOKENS, Sample
from tests.verify.tokens import API, ISSUER, NOW, claims

from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import InvalidTokenError
from watchword.verify.introspection import read_answer
from watchword.verify.profiles import AUTH0, PROFILES, Profile, by_name
from watchword.verify.settings import Expectations

ANSWERS = [sample for sample in ACCESS_TOKENS if "aud" in sample.claims]
# What Keycloak 26 answers about a token; the client `demo-app` asked for it, the API `orders-api` asks about it.
KEYCLOAK_ANSWER: dict[str, Any] = {
    "exp": NOW + 300,
    "iat": NOW,
    "jti": "onrtac:179a04e8-6a41-41bb-ab20-14d55a8518af",
    "iss": ISSUER,
    "aud": [API, "account"],
    "sub": "8befeac4-8963-49da-a9ac-f310e8d922d8",
    "typ": "Bearer",
    "azp": "demo-app",
    "sid": "54db1502-a5dc-4a27-af62-eeef0694a628",
    "acr": "1",
    "allowed-origins": ["http://localhost:5173"],
    "realm_access": {"roles": ["offline_access", "staff"]},
    "resource_access": {API: {"roles": ["clerk"]}, "account": {"roles": ["view-profile"]}, "x": {"roles": ["admin"]}},
    "scope": "openid email",
    "email_verified": True,
    "preferred_username": "alice",
    "client_id": "demo-app",
    "username": "alice",
    "token_type": "Bearer",
    "active": True,
}


def read(
    answer: dict[str, Any], profile: Profile, *, issuer: str = ISSUER, audience: tuple[str, ...] = (API,)
) -> VerifiedClaims:
    return read_answer(answer, Expectations(issuer, audience, profile, ("ES256",), 0.0), now=NOW + 1)


def without(answer: dict[str, Any], *names: str, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in names} | changes


def refusal(answer: dict[str, Any], profile: Profile) -> str:
    with pytest.raises(InvalidTokenError) as caught:
        read(answer, profile)
    return caught.value.code


@pytest.mark.parametrize("sample", ANSWERS, ids=str)
def test_an_answer_that_repeats_a_token_says_what_the_token_says(sample: Sample) -> None:
    answer = {**sample.claims, "active": True, "client_id": sample.says["client_id"], "token_type": "Bearer"}
    verified = read(answer, by_name(sample.profile), issuer=answer["iss"], audience=tuple(sample.audience))
    assert verified.client_id == sample.says["client_id"]
    assert verified.scopes == set(sample.says["scopes"])
    assert verified.roles == set(sample.says["roles"])
    assert verified.is_client == sample.says["is_client"]


def test_keycloaks_answer_has_the_roles_of_the_realm_and_of_this_api() -> None:
    verified = read(KEYCLOAK_ANSWER, by_name("keycloak"))
    assert verified.roles == {"offline_access", "staff", "clerk"}
    assert verified.scopes == {"openid", "email"}
    assert (verified.client_id, verified.is_client) == ("demo-app", False)


def test_the_roles_are_those_of_the_audience_that_the_token_was_made_for() -> None:
    roles = {"a": {"roles": ["of-a"]}, "b": {"roles": ["of-b"]}}
    answer = without(KEYCLOAK_ANSWER, "realm_access", aud="b", resource_access=roles)
    assert read(answer, by_name("keycloak"), audience=("a", "b")).roles == {"of-b"}


def test_a_service_account_that_keycloak_tells_of_is_no_person() -> None:
    """`requires(lambda claims: not claims.is_client)` has to hold it off: its ``sub`` is a user's id like any other."""
    answer = without(KEYCLOAK_ANSWER, username="service-account-demo-app", clientAddress="192.0.2.7")
    assert read(answer, by_name("keycloak")).is_client


@pytest.mark.parametrize(
    "profile", [profile for profile in PROFILES if profile.name != "keycloak"], ids=lambda p: p.name
)
def test_no_other_profile_sees_roles_there(profile: Profile) -> None:
    assert read(KEYCLOAK_ANSWER, profile).roles == set()


@pytest.mark.parametrize(
    "claim",
    ["roles", "role", "groups", "permissions", "cognito:groups", "authorities", "entitlements"],
)
def test_what_the_profile_does_not_name_gives_no_role(claim: str) -> None:
    others = {"x": {"roles": ["admin"]}, "{audience}": {"roles": ["admin"]}, "account": {"roles": ["admin"]}}
    answer = without(KEYCLOAK_ANSWER, "realm_access", resource_access=others, **{claim: ["admin"]})
    assert read(answer, by_name("keycloak")).roles == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"realm_access": ["admin"]},
        {"realm_access": "admin"},
        {"realm_access": {"roles": "admin"}},
        {"realm_access": {"roles": {"admin": True}}},
        {"realm_access": {"roles": ["staff", 7]}},
        {"realm_access": {"roles": [""]}},
        {"realm_access": None},
        {"resource_access": {API: ["admin"]}},
        {"resource_access": {API: {"roles": "admin"}}},
        {"azp": 7},
        {"azp": ""},
        {"azp": "x" * 256},
        {"azp": "another"},
        {"client_id": "another"},
        {"client_id": None},
        {"scope": ["openid"]},
    ],
    ids=str,
)
def test_roles_scopes_and_clients_of_another_form_refuse_the_token(changes: dict[str, Any]) -> None:
    assert refusal({**KEYCLOAK_ANSWER, **changes}, by_name("keycloak")) == "claim_invalid"


@pytest.mark.parametrize(("profile", "claim"), [("keycloak", "azp"), ("okta", "cid"), ("cognito", "client_id")])
def test_an_answer_without_client_id_may_name_the_client_as_the_profile_does(profile: str, claim: str) -> None:
    answer = without(KEYCLOAK_ANSWER, "client_id", "azp", **{claim: "demo-app"})
    assert read(answer, by_name(profile)).client_id == "demo-app"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_without_a_name_for_the_client_the_token_is_refused(profile: Profile) -> None:
    assert refusal(without(KEYCLOAK_ANSWER, "client_id", "azp"), profile) == "claim_invalid"


@pytest.mark.parametrize("profile", ["rfc9068", "auth0", "entra", "clerk"])
def test_where_the_shapes_of_a_profile_differ_or_do_not_say_azp_is_not_taken_for_the_client(profile: str) -> None:
    """In an ID token it would be the party that signed somebody in."""
    assert refusal(without(KEYCLOAK_ANSWER, "client_id"), by_name(profile)) == "claim_invalid"


@pytest.mark.parametrize(
    ("profile", "scp", "expected"),
    [
        ("okta", ["a", "b"], {"a", "b"}),
        ("entra", "a b", {"a", "b"}),
        ("keycloak", "a b", set()),
        ("rfc9068", "a", set()),
    ],
)
def test_scopes_have_the_profiles_name_where_the_answer_has_none_of_the_rfcs(
    profile: str, scp: Any, expected: set[str]
) -> None:
    answer = without(KEYCLOAK_ANSWER, "scope", "azp", scp=scp)
    assert read(answer, by_name(profile)).scopes == expected
    assert read({**answer, "scope": "c"}, by_name(profile)).scopes == {"c"}


@pytest.mark.parametrize(("profile", "scp"), [("okta", "a b"), ("entra", ["a", "b"]), ("okta", [""]), ("okta", None)])
def test_scopes_of_another_form_than_the_profiles_refuse_the_token(profile: str, scp: Any) -> None:
    assert refusal(without(KEYCLOAK_ANSWER, "scope", "azp", scp=scp), by_name(profile)) == "claim_invalid"


def test_roles_under_a_name_of_ones_own_are_found_in_answers_too() -> None:
    named = AUTH0.with_roles("https://example.com/roles")
    answer = {"active": True, **claims(**{"https://example.com/roles": ["clerk"], "permissions": ["admin"]})}
    assert read(answer, named).roles == {"clerk"}


@pytest.mark.parametrize("typ", ["Refresh", "ID", "Offline", "Logout", "refresh", None, ["Bearer"]])
def test_j65_what_keycloak_calls_active_and_is_no_access_token_stays_refused(typ: Any) -> None:
    assert refusal({**KEYCLOAK_ANSWER, "typ": typ}, by_name("keycloak")) == "type_mismatch"
