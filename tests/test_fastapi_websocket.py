"""A guarded WebSocket route of FastAPI's: what only FastAPI has. The rest is in tests/frameworks/test_websockets.py.

THREATS O102.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import anyio.lowlevel
import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect
from tests.frameworks.protected_api import API, ISSUER, NOW, protected
from tests.frameworks.running import asgi_server
from tests.frameworks.tokens import token
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from watchword.clock import SettableClock
from watchword.fastapi import Guard, GuardRefusal
from watchword.verify import ConditionError, VerifiedClaims
from watchword.verify.asgi_websocket import Message, Scope
from watchword.verify.conditions import requires
from watchword.verify.testing import FakeIssuer

EVERY = 0.01  # seconds; a test waits for the second look
Route = Callable[[WebSocket, VerifiedClaims], Awaitable[None]]


def app_with(guard: Any, route: Route, scopes: tuple[str, ...] = ("orders:read",)) -> FastAPI:
    """One route, at ``/live``."""
    app = FastAPI()

    @app.websocket("/live")
    async def live(websocket: WebSocket, caller: Annotated[VerifiedClaims, Security(guard, scopes=scopes)]) -> None:
        await route(websocket, caller)

    return app


@contextmanager
def open_connection(app: FastAPI, text: str) -> Iterator[ClientConnection]:
    """A connection from outside, with the token among the subprotocols as browsers send it."""
    offered: Any = ["watchword", "watchword.bearer." + text]
    with asgi_server(app) as running, connect(f"ws://{running}/live", subprotocols=offered) as connection:
        yield connection


def ended(connection: ClientConnection) -> tuple[int | None, str | None]:
    """With which code and reason the server closes, however much it sends before."""
    try:
        while True:
            connection.recv(5)
    except ConnectionClosed:
        return connection.close_code, connection.close_reason


async def tells_who(websocket: WebSocket, caller: VerifiedClaims) -> None:
    await websocket.accept()
    await websocket.send_text(caller.sub)


async def only_waits(websocket: WebSocket, caller: VerifiedClaims) -> None:
    await tells_who(websocket, caller)
    await websocket.receive_text()
    raise AssertionError("nothing that came after the end of the token is for the route")


async def only_sends(websocket: WebSocket, caller: VerifiedClaims) -> None:
    await websocket.accept()
    while True:
        await websocket.send_text(caller.sub)
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("work", [only_waits, only_sends])
def test_a_route_ends_with_the_token_whatever_it_does(clock: SettableClock, work: Route) -> None:
    left: list[BaseException] = []

    async def route(websocket: WebSocket, caller: VerifiedClaims) -> None:
        try:
            await work(websocket, caller)
        except WebSocketDisconnect as gone:
            left.append(gone)

    with open_connection(app_with(Guard(every=EVERY, **protected(clock)), route), token()) as connection:
        assert connection.recv(5) == "user-1"
        clock.advance(300)
        assert ended(connection) == (1008, "the token has expired")
    assert len(left) == 1


def test_a_withdrawn_token_ends_its_connection_within_a_second() -> None:
    """The guard as it comes, with the real clock: what is pushed is seen at the next look."""

    async def route(websocket: WebSocket, caller: VerifiedClaims) -> None:
        with pytest.raises(WebSocketDisconnect):
            await only_waits(websocket, caller)

    with FakeIssuer(ISSUER, audience=API) as issuer:
        app = app_with(Guard(issuer=ISSUER, audience=API), route)
        text = issuer.token("alice", scopes=["orders:read"])
        with open_connection(app, text) as connection:
            assert connection.recv(5) == "alice"
            began = time.monotonic()
            issuer.revoke(text)
            code, _ = ended(connection)
            assert code == 1008
            assert time.monotonic() - began < 2  # half a second between two looks; the rest is for a busy machine


def test_what_a_route_needs_besides_is_looked_at_again_too(clock: SettableClock) -> None:
    async def route(websocket: WebSocket, caller: VerifiedClaims) -> None:
        with pytest.raises(WebSocketDisconnect):
            await only_waits(websocket, caller)

    recent = Guard(every=EVERY, **protected(clock)).requires(max_age=60)
    with open_connection(app_with(recent, route), token(auth_time=NOW)) as connection:
        assert connection.recv(5) == "user-1"
        clock.advance(61)
        code, reason = ended(connection)
        assert code == 1008
        assert "sign-in" in str(reason)


def test_a_guard_on_the_router_and_one_on_the_route_share_a_connection(clock: SettableClock) -> None:
    """The token is taken out of the handshake by the first; the second does not miss it."""
    guard = Guard(every=EVERY, **protected(clock))
    router = APIRouter(dependencies=[Security(guard, scopes=["orders:read"])])

    @router.websocket("/live")
    async def live(
        websocket: WebSocket,
        caller: Annotated[VerifiedClaims, Security(guard.requires(roles=["admin"]), scopes=["orders:write"])],
    ) -> None:
        await websocket.accept()
        await websocket.send_text(caller.sub)

    app = FastAPI()
    app.include_router(router)
    with open_connection(app, token(scope="orders:read orders:write", roles=["admin"])) as connection:
        assert connection.recv(5) == "user-1"
    for lacking in (token(), token(scope="orders:read orders:write"), token(scope="orders:write", roles=["admin"])):
        with pytest.raises(InvalidStatus) as caught, open_connection(app, lacking):
            pass
        assert caught.value.response.status_code == 403


def test_a_dependency_that_read_the_headers_first_leaves_no_token_to_the_route(clock: SettableClock) -> None:
    guard = Guard(**protected(clock))
    app = FastAPI()

    async def curious(connection: HTTPConnection) -> None:
        assert "watchword.bearer." in connection.headers["sec-websocket-protocol"]

    @app.websocket("/live", dependencies=[Depends(curious)])
    async def live(websocket: WebSocket, caller: Annotated[VerifiedClaims, Security(guard)]) -> None:
        await websocket.accept()
        await websocket.send_json([websocket.headers["sec-websocket-protocol"], websocket.scope["subprotocols"]])

    with open_connection(app, token()) as connection:
        assert connection.recv(5) == '["watchword",["watchword"]]'


def test_an_application_may_replace_the_guard_in_its_own_tests(clock: SettableClock) -> None:
    guard = Guard(**protected(clock))
    app = app_with(guard, tells_who)
    claims = VerifiedClaims({"sub": "stand-in"}, client_id="c", scopes=frozenset(), roles=frozenset())
    app.dependency_overrides[guard] = lambda: claims
    with TestClient(app).websocket_connect("/live") as connection:
        assert connection.receive_text() == "stand-in"


is_nobody = requires(lambda claims, name: claims.sub == name, name="nobody")


async def refuses_itself(websocket: WebSocket, caller: VerifiedClaims) -> None:
    is_nobody(caller, "nobody")


async def refuses_after_accepting(websocket: WebSocket, caller: VerifiedClaims) -> None:
    await websocket.accept()
    is_nobody(caller, "nobody")


def test_a_condition_that_fails_in_the_route_refuses_the_handshake_or_ends_the_connection(clock: SettableClock) -> None:
    guard = Guard(**protected(clock))
    with pytest.raises(InvalidStatus) as caught, open_connection(app_with(guard, refuses_itself), token()):
        pass
    assert caught.value.response.status_code == 403
    assert caught.value.response.body is not None
    assert b'"condition_not_met"' in caught.value.response.body
    with open_connection(app_with(guard, refuses_after_accepting), token()) as connection:
        assert ended(connection) == (1008, "the condition `nobody` is not fulfilled")


def test_a_refusal_after_a_dependency_has_accepted_ends_the_connection(clock: SettableClock) -> None:
    app = FastAPI()

    async def hasty(websocket: WebSocket) -> None:
        await websocket.accept()

    @app.websocket("/live", dependencies=[Depends(hasty), Security(Guard(**protected(clock)))])
    async def live(websocket: WebSocket) -> None:
        raise AssertionError

    with asgi_server(app) as running, connect(f"ws://{running}/live") as connection:
        assert ended(connection) == (1008, "no access token was presented")


def test_an_application_may_answer_refusals_of_handshakes_and_routes_in_its_own_form(clock: SettableClock) -> None:
    app = app_with(Guard(**protected(clock)), refuses_itself)

    @app.exception_handler(GuardRefusal)
    def own(connection: HTTPConnection, refusal: GuardRefusal) -> JSONResponse:
        return JSONResponse({"own": refusal.cause.code}, status_code=418)

    for text, code in (("a.b.c", "token_malformed"), (token(), "condition_not_met")):
        with pytest.raises(InvalidStatus) as caught, open_connection(app, text):
            pass
        assert (caught.value.response.status_code, caught.value.response.body) == (418, f'{{"own":"{code}"}}'.encode())


def test_an_error_of_the_routes_own_comes_out_as_it_is(clock: SettableClock) -> None:
    async def route(websocket: WebSocket, caller: VerifiedClaims) -> None:
        raise ZeroDivisionError

    headers = {"Authorization": "Bearer " + token()}
    client = TestClient(app_with(Guard(**protected(clock)), route))
    with pytest.raises(ZeroDivisionError), client.websocket_connect("/live", headers=headers):
        pass


def test_a_condition_about_another_token_is_the_applications_own_affair(clock: SettableClock) -> None:
    """Nothing was admitted in this handshake, so that no answer of the guard's would be true."""
    app = app_with(Guard(**protected(clock)), only_waits)

    @app.websocket("/unguarded")
    async def unguarded(websocket: WebSocket) -> None:
        is_nobody(VerifiedClaims({"sub": "x"}, client_id="c", scopes=frozenset(), roles=frozenset()), "nobody")

    client = TestClient(app)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live"):
        pass
    with pytest.raises(ConditionError), client.websocket_connect("/unguarded"):
        pass


def handshake(text: str, *, extensions: dict[str, Any]) -> Scope:
    return {
        "type": "websocket",
        "path": "/live",
        "raw_path": b"/live",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", b"Bearer " + text.encode())],
        "subprotocols": [],
        "extensions": extensions,
    }


async def connected() -> Message:
    return {"type": "websocket.connect"}


@pytest.mark.anyio
async def test_nothing_is_left_behind_when_the_route_ends_first(clock: SettableClock) -> None:
    async def route(websocket: WebSocket, caller: VerifiedClaims) -> None:
        await websocket.accept()

    async def send(message: Message) -> None:
        during.append((len(asyncio.all_tasks()), message["type"]))

    app = app_with(Guard(**protected(clock)), route)
    tasks, threads, during = len(asyncio.all_tasks()), threading.active_count(), list[tuple[int, str]]()
    for _ in range(20):
        await app(handshake(token(), extensions={}), connected, send)
    assert during == [(tasks + 1, "websocket.accept")] * 20
    assert (len(asyncio.all_tasks()), threading.active_count()) == (tasks, threads)


@pytest.mark.anyio
async def test_a_peer_that_left_at_the_same_moment_is_no_error(clock: SettableClock) -> None:
    """Servers raise OSError for what is sent to nobody: the end of the token is told all the same."""
    left: list[int] = []
    messages = iter([{"type": "websocket.connect"}])

    async def receive() -> Message:
        for message in messages:
            return message
        clock.advance(300)
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            raise OSError

    async def route(websocket: WebSocket, caller: VerifiedClaims) -> None:
        with pytest.raises(WebSocketDisconnect) as gone:
            await only_waits(websocket, caller)
        left.append(gone.value.code)

    with anyio.fail_after(5):
        await app_with(Guard(every=EVERY, **protected(clock)), route)(handshake(token(), extensions={}), receive, send)
    assert left == [1008]


@pytest.mark.anyio
async def test_a_server_that_cannot_answer_handshakes_over_http_is_told_to_close(clock: SettableClock) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app_with(Guard(**protected(clock)), only_waits)(handshake("a.b.c", extensions={}), connected, send)
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]


@pytest.mark.anyio
async def test_nothing_is_answered_to_who_left_before_the_refusal(clock: SettableClock) -> None:
    async def receive() -> Message:
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(message: Message) -> None:
        raise AssertionError

    await app_with(Guard(**protected(clock)), only_waits)(handshake("a.b.c", extensions={}), receive, send)


@pytest.mark.anyio
async def test_a_handshake_that_a_dependency_has_received_is_not_waited_for_again(clock: SettableClock) -> None:
    sent: list[Message] = []
    app = FastAPI()

    async def impatient(websocket: WebSocket) -> None:
        await websocket.receive()

    @app.websocket("/live", dependencies=[Depends(impatient), Security(Guard(**protected(clock)))])
    async def live(websocket: WebSocket) -> None:
        raise AssertionError

    messages = iter([{"type": "websocket.connect"}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(handshake("a.b.c", extensions={"websocket.http.response": {}}), receive, send)
    assert sent[0]["status"] == 401


@pytest.mark.anyio
async def test_without_an_end_of_the_route_to_wait_for_nothing_is_opened(clock: SettableClock) -> None:
    """A watch that nobody ends would be worse than an error."""
    from fastapi.security import SecurityScopes

    websocket = WebSocket(handshake(token(), extensions={}), connected, lambda _: anyio.lowlevel.checkpoint())
    with pytest.raises(RuntimeError, match="guarded WebSocket"):
        await Guard(**protected(clock))(websocket, SecurityScopes())
