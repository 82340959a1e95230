"""What a FastAPI route may ask for beyond scopes, and what is answered where it lacks (RFC 9470, RFC 9449)."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.requests import Request
from tests.frameworks.protected_api import API, NOW, protected
from tests.frameworks.tokens import token

from watchword.asgi import ProtectMiddleware
from watchword.clock import SettableClock
from watchword.fastapi import Guard, GuardRefusal
from watchword.jose import Key, jwt
from watchword.oauth.dpop import ath
from watchword.verify import ConditionError, VerificationError, VerifiedClaims
from watchword.verify.conditions import requires
from watchword.verify.sender import SenderPolicy

OWN_KEY = Key.generate("ES256")
REALM = f'Bearer realm="{API}"'


@dataclass
class Order:
    number: int
    owner: str


loaded: list[int] = []


async def load_order(number: int) -> Order:
    """A dependency as an application has it."""
    loaded.append(number)
    if number > 2:
        raise HTTPException(404)
    return Order(number, owner=f"user-{number}")


is_owner = requires(lambda claims, order: order.owner == claims.sub, name="owner")
is_person = requires(lambda claims: not claims.is_client, name="person")


@pytest.fixture
def guard(clock: SettableClock) -> Guard:
    return Guard(**protected(clock))


@pytest.fixture
def app(guard: Guard) -> FastAPI:
    app = FastAPI()
    anybody = Annotated[VerifiedClaims, Security(guard)]
    owner = Annotated[VerifiedClaims, Security(guard.checks(is_owner, order=load_order), scopes=["orders:read"])]
    strong = guard.requires(is_person, acr_values=["urn:example:mfa"], amr=["otp"], max_age=300)

    @app.get("/checked/{number}")
    async def checked(caller: owner, order: Annotated[Order, Depends(load_order)]) -> dict[str, Any]:
        return {"sub": caller.sub, "number": order.number}

    @app.get("/called/{number}")
    def called(caller: anybody, order: Annotated[Order, Depends(load_order)]) -> str:
        return is_owner(caller, order).sub

    @app.get("/strong")
    async def strongly(caller: Annotated[VerifiedClaims, Security(strong, scopes=["orders:read"])]) -> str:
        return caller.sub

    @app.get("/named")
    async def named(caller: Annotated[VerifiedClaims, Security(guard.requires(scopes=["orders:read"]))]) -> str:
        return caller.sub

    @app.get("/other")
    async def other() -> str:
        return is_person(VerifiedClaims({"sub": "c"}, client_id="c", scopes=frozenset(), roles=frozenset())).sub

    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    loaded.clear()
    return TestClient(app)


def bearer(**claims: Any) -> dict[str, str]:
    return {"Authorization": "Bearer " + token(**claims)}


def test_a_condition_is_called_with_what_a_dependency_brings(client: TestClient) -> None:
    answer = client.get("/checked/1", headers=bearer())
    assert (answer.status_code, answer.json()) == (200, {"sub": "user-1", "number": 1})
    assert loaded == [1]  # once for guard and route together


@pytest.mark.parametrize("path", ["/checked/2", "/called/2"])
def test_a_condition_that_fails_is_named(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (403, "condition_not_met")
    assert answer.headers["WWW-Authenticate"] == (
        f'{REALM}, error="insufficient_scope", error_description="the condition `owner` is not fulfilled"'
    )
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_lacks_a_token_or_scope_learns_nothing_of_the_order(client: TestClient) -> None:
    """The guard is asked before the dependency: a 404 would tell strangers which orders there are."""
    assert client.get("/checked/3").status_code == 401
    assert client.get("/checked/3", headers=bearer(scope="other")).status_code == 403
    assert loaded == []
    assert client.get("/checked/3", headers=bearer()).status_code == 404


def test_the_scopes_of_a_stricter_guard_are_in_the_openapi_document(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert paths["/checked/{number}"]["get"]["security"] == [{"watchword": ["orders:read"]}]
    assert paths["/named"]["get"]["security"] == [{"watchword": ["orders:read"]}]
    assert [parameter["name"] for parameter in paths["/checked/{number}"]["get"]["parameters"]] == ["number"]


def test_a_sign_in_that_lacks_something_is_asked_for_as_a_whole(client: TestClient) -> None:
    good: dict[str, Any] = {"acr": "urn:example:mfa", "amr": ["pwd", "otp"], "auth_time": NOW - 300}
    assert client.get("/strong", headers=bearer(**good)).json() == "user-1"
    for lacking in ({"acr": "low"}, {"amr": ["pwd"]}, {"auth_time": NOW - 301}, {"auth_time": None}):
        answer = client.get("/strong", headers=bearer(**{**good, **lacking}))
        assert (answer.status_code, answer.json()["code"]) == (401, "step_up_required")
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith(f'{REALM}, error="insufficient_user_authentication"')
        assert challenge.endswith('acr_values="urn:example:mfa", max_age="300"')


def test_what_is_refused_for_good_is_said_before_a_sign_in_is_asked_for(client: TestClient) -> None:
    assert client.get("/strong", headers=bearer(scope="other")).json()["code"] == "scope_missing"


def test_a_stand_in_for_the_guard_is_held_against_what_a_route_asks_besides(app: FastAPI, guard: Guard) -> None:
    def stand_in(sub: str, **claims: Any) -> Any:
        return lambda: VerifiedClaims({"sub": sub, **claims}, client_id="c", scopes=frozenset(), roles=frozenset())

    client = TestClient(app)
    app.dependency_overrides[guard] = stand_in("user-1")
    assert client.get("/named").json() == "user-1"
    assert client.get("/checked/1").status_code == 200
    assert client.get("/called/1").status_code == 200
    refused = client.get("/checked/2")
    assert (refused.status_code, refused.json()["code"]) == (403, "condition_not_met")
    assert client.get("/strong").json()["code"] == "step_up_required"
    app.dependency_overrides[guard] = stand_in("user-1", acr="urn:example:mfa", amr=["otp"], auth_time=NOW)
    assert client.get("/strong").json() == "user-1"


def test_a_stand_in_is_refused_in_the_route_like_anybody(app: FastAPI, guard: Guard) -> None:
    claims = VerifiedClaims({"sub": "user-1"}, client_id="c", scopes=frozenset(), roles=frozenset())
    app.dependency_overrides[guard] = lambda: claims
    with pytest.raises(ConditionError):
        TestClient(app).get("/called/2")


def test_an_application_answers_what_its_routes_refuse_in_its_own_form(app: FastAPI) -> None:
    @app.exception_handler(GuardRefusal)
    async def own(request: Request, refusal: GuardRefusal) -> JSONResponse:
        return JSONResponse(refusal.cause.code, status_code=418)

    answer = TestClient(app).get("/called/2", headers=bearer())
    assert (answer.status_code, answer.json()) == (418, "condition_not_met")


@pytest.mark.parametrize("kind", [ConditionError, VerificationError])
def test_an_application_may_handle_the_errors_of_conditions_itself(app: FastAPI, kind: type[Exception]) -> None:
    @app.exception_handler(kind)
    async def own(request: Request, error: ConditionError) -> JSONResponse:
        return JSONResponse(list(error.missing), status_code=409)

    answer = TestClient(app).get("/called/2", headers=bearer())
    assert (answer.status_code, answer.json()) == (409, ["owner"])


def test_a_condition_about_no_token_of_this_request_is_not_answered_as_a_refusal(app: FastAPI) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/called/1", headers=bearer()).status_code == 200  # from here on the guard has its handlers
    assert client.get("/other").status_code == 500


def test_a_mistake_in_a_condition_is_no_refusal(guard: Guard) -> None:
    app = FastAPI()
    broken = guard.checks(requires(lambda claims, order: order.nothing), order=load_order)

    @app.get("/{number}")
    async def read(number: int, caller: Annotated[VerifiedClaims, Security(broken)]) -> str:
        return caller.sub

    with pytest.raises(AttributeError):
        TestClient(app).get("/1", headers=bearer())


def test_a_view_in_place_of_a_condition_is_found_at_once(guard: Guard) -> None:
    with pytest.raises(TypeError):
        guard.requires(load_order)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        guard.checks(load_order, order=load_order)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="order"):
        guard.checks(is_owner, ordr=load_order)
    with pytest.raises(TypeError):
        guard.requires(scopes="orders:read")
    with pytest.raises(TypeError):
        guard.requires(max_age="300")  # type: ignore[arg-type]


def test_o42_the_nonce_that_a_proof_lacked_is_told(clock: SettableClock) -> None:
    guard = Guard(**protected(clock, sender=SenderPolicy(nonce_secret=b"n" * 32)))
    app = FastAPI()

    @app.get("/orders")
    async def read(caller: Annotated[VerifiedClaims, Security(guard)]) -> str:
        return caller.sub

    text = token(cnf={"jkt": OWN_KEY.thumbprint()})
    claims = {"jti": "proof-1", "htm": "GET", "htu": API + "/orders", "iat": NOW, "ath": ath(text)}

    def ask(**more: str) -> Response:
        proof = jwt.encode({**claims, **more}, OWN_KEY, typ="dpop+jwt", embed_public_key=True)
        return TestClient(app).get("/orders", headers={"Authorization": "DPoP " + text, "DPoP": proof})

    refused = ask()
    assert refused.status_code == 401
    assert 'error="use_dpop_nonce"' in refused.headers["WWW-Authenticate"]
    assert ask(jti="proof-2", nonce=refused.headers["DPoP-Nonce"]).json() == "user-1"


@pytest.mark.parametrize("path", ["/called/2", "/called/2?page=2", "/called/2?page=%32"])
def test_what_a_route_refuses_behind_the_middleware_is_answered_whichever_way_the_token_took(
    clock: SettableClock, path: str
) -> None:
    """It has no guard of its own: the middleware admitted the token, so it is the one that answers."""
    inner = FastAPI()
    guard = Guard(**protected(clock))

    @inner.get("/guarded")
    async def guarded(caller: Annotated[VerifiedClaims, Security(guard)]) -> str:
        return caller.sub

    @inner.get("/called/{number}")
    async def called(request: Request, number: int) -> str:
        return is_owner(request.state.claims, Order(number, owner=f"user-{number}")).sub

    client = TestClient(ProtectMiddleware(inner, **protected(clock)))
    assert client.get("/guarded", headers=bearer()).json() == "user-1"
    refused = client.get(path, headers=bearer())
    assert (refused.status_code, refused.json()["code"]) == (403, "condition_not_met")
    assert refused.headers["WWW-Authenticate"].startswith(f'{REALM}, error="insufficient_scope"')
