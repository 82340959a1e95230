"""The guard in a real application, through Starlette's test client (O: RFC 6750 section 3, RFC 9728; J92, J93)."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Request, Security
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from watchword.clock import SettableClock
from watchword.fastapi import Guard, GuardRefusal
from watchword.jose import Key, KeySet, jwt
from watchword.verify import VerifiedClaims

NOW = 1_790_000_000
ISSUER = "https://auth.example.com"
API = "https://api.example.com"
METADATA = API + "/.well-known/oauth-protected-resource"
KEY = Key.generate("ES256")


def token(**changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": API,
        "sub": "user-1",
        "client_id": "client-1",
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "token-1",
        "scope": "orders:read",
        **changes,
    }
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, KEY, typ="at+jwt")


def make_app(clock: SettableClock) -> tuple[FastAPI, Guard]:
    guard = Guard(issuer=ISSUER, audience=API, keys=KeySet([KEY.public()]), clock=clock)
    app = FastAPI()

    @app.get("/orders")
    def read(caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]) -> dict[str, Any]:
        return {"sub": caller.sub, "is_client": caller.is_client}

    @app.post("/orders")
    def write(caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read", "orders:write"])]) -> str:
        return caller.sub

    @app.delete("/orders/{number}")
    def delete(
        number: int,
        caller: Annotated[VerifiedClaims, Security(guard.requires(roles=["admin"]), scopes=["orders:read"])],
    ) -> str:
        return caller.sub

    return app, guard


@pytest.fixture
def client(clock: SettableClock) -> Iterator[TestClient]:
    app, guard = make_app(clock)
    app.include_router(guard.metadata_router(scopes=["orders:read", "orders:write"]))
    with TestClient(app) as client:
        yield client


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": "Bearer " + text}


def test_a_good_token_passes(client: TestClient) -> None:
    answer = client.get("/orders", headers=bearer(token()))
    assert (answer.status_code, answer.json()) == (200, {"sub": "user-1", "is_client": False})


def test_the_scheme_is_compared_without_case(client: TestClient) -> None:
    assert client.get("/orders", headers={"Authorization": "bEARER " + token()}).status_code == 200


def test_a_client_that_acts_for_itself_is_told_apart(client: TestClient) -> None:
    answer = client.get("/orders", headers=bearer(token(sub="client-1")))
    assert answer.json()["is_client"] is True


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic dTpw"}])
def test_without_a_token_the_challenge_holds_no_error(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/orders", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="{API}", resource_metadata="{METADATA}"'
    assert answer.json() == {
        "error": "unauthorized",
        "error_description": "no access token was presented",
        "code": "token_missing",
    }


def test_an_expired_token_is_named_in_the_exact_challenge(client: TestClient, clock: SettableClock) -> None:
    clock.advance(300)
    answer = client.get("/orders", headers=bearer(token()))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="{API}", error="invalid_token", error_description="the token has expired", '
        f'resource_metadata="{METADATA}"'
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {
        "error": "invalid_token",
        "error_description": "the token has expired",
        "code": "token_expired",
    }


def test_a_missing_scope_is_named_with_all_that_are_needed(client: TestClient) -> None:
    answer = client.post("/orders", headers=bearer(token()))
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="{API}", error="insufficient_scope", '
        'error_description="the token lacks the scope `orders:write`", '
        f'scope="orders:read orders:write", resource_metadata="{METADATA}"'
    )
    assert answer.json()["code"] == "scope_missing"


def test_a_missing_role_is_refused_and_a_present_one_passes(client: TestClient) -> None:
    refused = client.delete("/orders/1", headers=bearer(token(roles=["staff"])))
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    assert "scope=" not in refused.headers["WWW-Authenticate"]
    assert client.delete("/orders/1", headers=bearer(token(roles=["staff", "admin"]))).status_code == 200


def test_a_role_does_not_replace_the_scope(client: TestClient) -> None:
    answer = client.delete("/orders/1", headers=bearer(token(roles=["admin"], scope="other")))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_one_changed_character_is_a_401(client: TestClient) -> None:
    head, payload, signature = token().split(".")
    changed = ("B" if signature[10] != "B" else "C").join((signature[:10], signature[11:]))
    answer = client.get("/orders", headers=bearer(f"{head}.{payload}.{changed}"))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize(
    "wrong", [{"aud": "https://other"}, {"iss": "https://other"}, {"nbf": NOW + 999}, {"sub": None}]
)
def test_j93_why_a_token_is_not_believed_is_for_the_log_alone(
    client: TestClient, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    changed = client.get("/orders", headers=bearer(token()[:-6] + "AAAAAA"))
    with caplog.at_level("INFO", logger="watchword.verify"):
        answer = client.get("/orders", headers=bearer(token(**wrong)))
    assert (answer.status_code, answer.json(), answer.headers["WWW-Authenticate"]) == (
        401,
        changed.json(),
        changed.headers["WWW-Authenticate"],
    )
    reason = caplog.records[-1].__dict__["error"]
    assert reason not in {"token_invalid", answer.json()["code"]}


def test_a_demonstration_may_say_why(clock: SettableClock) -> None:
    guard = Guard(issuer=ISSUER, audience=API, keys=KEY.public(), clock=clock, danger_explain_refusals=True)
    app = FastAPI()

    @app.get("/")
    def read(caller: Annotated[VerifiedClaims, Security(guard)]) -> str:
        return caller.sub

    with TestClient(app) as client:
        answer = client.get("/", headers=bearer(token(aud="https://other")))
        assert answer.json()["code"] == "audience_mismatch"
        assert answer.json()["error_description"] in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "Bearer " + token()), ("Authorization", "Bearer " + token())],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", f"Bearer {token()}, Bearer {token()}")],
        [("Authorization", "Bearer a b")],
    ],
)
def test_a_token_presented_twice_or_badly_is_a_400(client: TestClient, headers: list[tuple[str, str]]) -> None:
    answer = client.get("/orders", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


def test_a_token_in_the_query_is_refused_even_beside_a_good_header(client: TestClient) -> None:
    answer = client.get("/orders", params={"access_token": token()}, headers=bearer(token()))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_no_refusal_repeats_a_byte_of_the_token(client: TestClient) -> None:
    """J42, J93."""
    for canary in ("canary.canary.canary", token(aud="https://canary.example"), "canary" * 5000):
        answer = client.get("/orders", headers=bearer(canary))
        assert answer.status_code == 401
        assert "canary" not in answer.text + str(answer.headers)
        assert canary[:40] not in answer.text + str(answer.headers)


def test_the_metadata_names_the_issuer(client: TestClient) -> None:
    answer = client.get("/.well-known/oauth-protected-resource")
    assert answer.json() == {
        "resource": API,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["orders:read", "orders:write"],
    }


def test_the_metadata_of_an_api_with_a_path_lies_where_rfc_9728_says(clock: SettableClock) -> None:
    guard = Guard(issuer=ISSUER, audience=API + "/v1/orders", keys=KEY.public(), clock=clock)
    app = FastAPI()
    app.include_router(guard.metadata_router())
    with TestClient(app) as client:
        assert client.get("/.well-known/oauth-protected-resource/v1/orders").json()["resource"] == API + "/v1/orders"


def test_the_openapi_document_shows_the_scheme_and_its_scopes(clock: SettableClock) -> None:
    document = make_app(clock)[0].openapi()
    assert document["components"]["securitySchemes"]["watchword"]["bearerFormat"] == "JWT"
    assert document["paths"]["/orders"]["post"]["security"] == [{"watchword": ["orders:read", "orders:write"]}]


def test_an_application_may_answer_refusals_in_its_own_form(clock: SettableClock) -> None:
    app, _ = make_app(clock)

    @app.exception_handler(GuardRefusal)
    async def own(request: Request, refusal: GuardRefusal) -> PlainTextResponse:
        return PlainTextResponse(refusal.cause.code, status_code=418)

    with TestClient(app) as client:
        answer = client.get("/orders")
        assert (answer.status_code, answer.text) == (418, "token_missing")


def test_without_keys_the_answer_is_503_and_says_when_to_come_back(clock: SettableClock) -> None:
    guard = Guard(issuer="http://127.0.0.1:1", audience=API, clock=clock)
    app = FastAPI()

    @app.get("/")
    def read(caller: Annotated[VerifiedClaims, Security(guard)]) -> str:
        return caller.sub

    with TestClient(app) as client:
        answer = client.get("/", headers=bearer(token()))
        assert (answer.status_code, answer.json()["code"]) == (503, "keys_unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert "WWW-Authenticate" not in answer.headers


def test_one_string_is_not_taken_for_a_list_of_roles(clock: SettableClock) -> None:
    guard = Guard(issuer=ISSUER, audience=API, keys=KEY.public(), clock=clock)
    with pytest.raises(TypeError):
        guard.requires(roles="admin")


def test_a_role_that_no_header_can_carry_is_refused_all_the_same(clock: SettableClock) -> None:
    guard = Guard(issuer=ISSUER, audience=API, keys=KEY.public(), clock=clock)
    app = FastAPI()

    @app.get("/")
    def read(caller: Annotated[VerifiedClaims, Security(guard.requires(roles=['Küche "1"']))]) -> str:
        return caller.sub

    with TestClient(app) as client:
        answer = client.get("/", headers=bearer(token()))
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
        assert (
            'error_description="the token\'s subject lacks the role `K?che ?1?`"' in answer.headers["WWW-Authenticate"]
        )


def test_an_application_may_replace_the_guard_in_its_own_tests(clock: SettableClock) -> None:
    app, guard = make_app(clock)
    stand_in = VerifiedClaims(
        {"iss": ISSUER, "sub": "stand-in", "exp": NOW}, client_id="c", scopes=frozenset(), roles=frozenset()
    )
    app.dependency_overrides[guard] = lambda: stand_in
    with TestClient(app) as client:
        assert client.get("/orders").json()["sub"] == "stand-in"


def test_an_audience_that_no_header_can_carry_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        Guard(issuer=ISSUER, audience='https://a"b', keys=KEY.public())


@pytest.mark.parametrize("audience", ["orders", "urn:example:orders", "https://api.example.com/{path}"])
def test_metadata_lies_under_a_url_or_nowhere(audience: str) -> None:
    """A challenge must not send clients to an address that is none, nor one document answer for every path."""
    guard = Guard(issuer=ISSUER, audience=audience, keys=KEY.public())
    with pytest.raises(ValueError, match="not a URL"):
        guard.metadata_router()
    assert guard.protection.resource_metadata is None
