"""Profiles are values that describe token shapes; users may describe their own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, claims

from watchword.clock import SettableClock
from watchword.jose import Key, jwt
from watchword.jose.errors import JOSEError
from watchword.jose.header import Header
from watchword.jose.jwt import SignedClaims
from watchword.verify import VerificationError, Verifier
from watchword.verify.profile_marks import OneOf
from watchword.verify.profile_reading import STANDARD, Reading, TokenShape
from watchword.verify.profiles import AUTH0, PROFILES, RFC9068, Profile, by_name

KEY = Key.generate("ES256")
PLAIN = TokenShape(
    kinds=STANDARD.kinds,
    client=STANDARD.client,
    roles=STANDARD.roles,
    required=STANDARD.required,
    own_account=STANDARD.own_account,
)


def signed(header: dict[str, Any] | None = None, **changes: Any) -> SignedClaims:
    members = {"typ": "at+jwt", **(header or {})}
    return SignedClaims(Header("ES256", "k", members["typ"].lower(), members), claims(**changes))


def outcome(shape: TokenShape, token: SignedClaims) -> Reading | tuple[str, str]:
    try:
        return shape.read(token, (API, "api-2"))
    except JOSEError as error:
        return error.code, getattr(error, "claim", "")


@pytest.mark.parametrize("value", ["", "api-2", ["api-2", API], [], [""], [1], 1, None, {}, True, "x" * 300, ABSENT])
@pytest.mark.parametrize("claim", ["aud", "client_id", "scope", "roles", "sub"])
def test_the_quick_reader_of_rfc_9068_is_no_other_reader(claim: str, value: Any) -> None:
    token = signed(**{claim: value})
    assert outcome(STANDARD, token) == outcome(PLAIN, token)


@pytest.mark.parametrize("claim", ["iat", "jti", "aud", "client_id"])
def test_the_quick_reader_names_the_missing_claim_too(claim: str) -> None:
    change: dict[str, Any] = {claim: ABSENT}
    token = signed(**change)
    assert outcome(STANDARD, token) == outcome(PLAIN, token) == ("claim_invalid", claim)


def test_a_long_scope_is_read_like_a_short_one() -> None:
    many = [f"scope-{number}" for number in range(400)]
    assert RFC9068.read(signed(scope="  ".join(many)), (API,)).scopes == set(many)
    assert RFC9068.read(signed(scope=" a  b "), (API,)).scopes == {"a", "b"}


def test_profiles_are_found_by_name() -> None:
    assert [by_name(profile.name) for profile in PROFILES] == list(PROFILES)
    with pytest.raises(ValueError, match="rfc9068, auth0, keycloak, entra, okta, cognito, clerk"):
        by_name("Auth0")


@pytest.mark.parametrize("kinds", [{"jwt"}, {None}, {"at+jwt", "jwt"}, set()], ids=["jwt", "none", "either", "nothing"])
def test_j65_a_shape_that_id_tokens_may_have_needs_a_proof(kinds: set[str | None]) -> None:
    with pytest.raises(ValueError, match="ID token"):
        TokenShape(kinds=frozenset(kinds), client="azp")


def test_a_profile_of_ones_own_is_used_like_any_other() -> None:
    shape = TokenShape(
        kinds=frozenset({"jwt"}), client="azp", roles=(("groups",),), proof=(OneOf("use", frozenset({"api"})),)
    )
    own = Profile(name="own", shapes=(shape,))
    verifier = Verifier(issuer=ISSUER, audience=API, profile=own, keys=KEY.public(), clock=SettableClock(NOW))
    token = claims(client_id=ABSENT, azp="app", groups=["g"], use="api")
    verified = verifier.verify(jwt.encode(token, KEY))
    assert (verified.client_id, verified.roles, verified.is_client) == ("app", frozenset({"g"}), False)
    with pytest.raises(VerificationError) as caught:
        verifier.verify(jwt.encode({**token, "use": "sign-in"}, KEY))
    assert caught.value.code == "type_mismatch"


def test_roles_may_be_found_under_another_name() -> None:
    profile = AUTH0.with_roles("https://example.com/access", "roles")
    token = signed(
        {"typ": "JWT"}, sub="auth0|1", azp="app", permissions=["p"], **{"https://example.com/access": {"roles": ["r"]}}
    )
    assert profile.read(token, (API,)).roles == {"r"}
    assert AUTH0.read(token, (API,)).roles == {"p"}


def test_roles_of_the_standard_shape_too_may_be_found_under_another_name() -> None:
    token = signed(groups=["g"])
    assert RFC9068.with_roles("groups").read(token, (API,)).roles == {"g"}
    assert RFC9068.read(token, (API,)).roles == {"staff"}


def test_the_standard_shape_is_not_varied_unheard() -> None:
    with pytest.raises(TypeError):
        replace(STANDARD, roles=(("groups",),))


@pytest.mark.parametrize("found", ["r", ["r", ""], ["r", 1], {"roles": "r"}, {"roles": {"r": 1}}, 7, None], ids=repr)
def test_j56_roles_of_another_type_refuse_the_token(found: object) -> None:
    for path in (("x",), ("x", "roles")):
        token = signed({"typ": "JWT"}, sub="auth0|1", azp="app", x=found)
        with pytest.raises(JOSEError) as caught:
            AUTH0.with_roles(*path).read(token, (API,))
        assert caught.value.code == "claim_invalid"


def test_every_profile_is_documented_and_no_other() -> None:
    table = (Path(__file__).parents[3] / "docs" / "issuers.md").read_text()
    rows = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `") and "`profile`" not in line]
    assert rows == [profile.name for profile in PROFILES]
