"""WebSockets on a real server, with a real client: how a token comes, what a refusal is, and when a connection ends.

RFC 6455 section 7.4, RFC 9700 section 4.3.2; THREATS O102.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import anyio
import pytest
from fastapi import FastAPI, Security
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from tests.frameworks import tokens
from tests.frameworks.protected_api import API, ISSUER, NOW, protected
from tests.frameworks.running import asgi_server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from watchword import fastapi
from watchword.asgi import ProtectMiddleware
from watchword.clock import SettableClock
from watchword.starlette import Guard
from watchword.verify import VerifiedClaims
from watchword.verify.asgi_websocket import Message, Receive, Scope, Send
from watchword.verify.testing import FakeIssuer

Token = Callable[..., str]
EVERY = 0.01  # seconds; a test waits for the second look, not for the fifth second


async def echo(websocket: WebSocket) -> None:
    """Tells whose connection it is, then repeats what it hears."""
    await websocket.accept()
    await websocket.send_text(websocket.state.claims.sub if websocket.state.claims else "nobody")
    async for text in websocket.iter_text():
        await websocket.send_text(text)


def middleware(clock: SettableClock) -> Any:
    """Any application, protected as a whole."""
    app = Starlette(routes=[WebSocketRoute("/live", echo)])
    return ProtectMiddleware(app, **protected(clock), scopes=["orders:read"], every=EVERY)


def function(clock: SettableClock) -> Any:
    """One WebSocket function of Starlette's."""
    guard = Guard(every=EVERY, **protected(clock))
    return Starlette(routes=[WebSocketRoute("/live", guard.requires(scopes=["orders:read"])(echo))])


def endpoint_class(clock: SettableClock) -> Any:
    """One WebSocket endpoint class of Starlette's."""
    guard = Guard(every=EVERY, **protected(clock))

    @guard.requires(scopes=["orders:read"])
    class Echo(WebSocketEndpoint):
        encoding = "text"

        async def on_connect(self, websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(websocket.state.claims.sub)

        async def on_receive(self, websocket: WebSocket, data: str) -> None:
            await websocket.send_text(data)

    return Starlette(routes=[WebSocketRoute("/live", Echo)])


def dependency(clock: SettableClock) -> Any:
    """One WebSocket route of FastAPI's."""
    guard = fastapi.Guard(every=EVERY, **protected(clock))
    app = FastAPI()

    @app.websocket("/live")
    async def live(
        websocket: WebSocket, caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]
    ) -> None:
        websocket.state.claims = caller
        await echo(websocket)

    return app


@pytest.fixture(scope="module")
def clock() -> SettableClock:
    """One for all tests, since they share servers; it never goes back, and tokens are made for the present."""
    return SettableClock(NOW)


@pytest.fixture(scope="module")
def token(clock: SettableClock) -> Token:
    """Makes a token that lives for 300 seconds from now."""
    return lambda **changes: tokens.token(**{"iat": int(clock.now()), "exp": int(clock.now()) + 300, **changes})


@pytest.fixture(
    scope="module", params=[middleware, function, endpoint_class, dependency], ids=lambda make: make.__name__
)
def address(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[str]:
    with asgi_server(request.param(clock)) as running:
        yield f"ws://{running}/live"


def by_header(address: str, text: str, **more: Any) -> ClientConnection:
    connection: ClientConnection = connect(address, additional_headers={"Authorization": "Bearer " + text}, **more)
    return connection


def by_subprotocol(address: str, text: str, *further: str) -> ClientConnection:
    offered: Any = [*further, "watchword", "watchword.bearer." + text]
    connection: ClientConnection = connect(address, subprotocols=offered)
    return connection


@pytest.mark.parametrize("present", [by_header, by_subprotocol])
def test_a_good_token_opens_a_connection(token: Token, address: str, present: Callable[..., ClientConnection]) -> None:
    with present(address, token()) as connection:
        assert connection.recv(5) == "user-1"
        connection.send("hello")
        assert connection.recv(5) == "hello"


def test_the_subprotocol_that_is_selected_never_holds_the_token(token: Token, address: str) -> None:
    with by_subprotocol(address, token()) as connection:
        assert connection.subprotocol == "watchword"
        assert connection.response is not None
        assert token()[:20] not in str(connection.response.headers)


def test_without_a_subprotocol_none_is_selected(token: Token, address: str) -> None:
    with by_header(address, token()) as connection:
        assert connection.subprotocol is None


def refusal(address: str, **options: Any) -> tuple[int, str | None, bytes]:
    """How the handshake is refused."""
    with pytest.raises(InvalidStatus) as caught, connect(address, **options):
        raise AssertionError
    response = caught.value.response
    return response.status_code, response.headers.get("WWW-Authenticate"), bytes(response.body or b"")


def test_a_refused_handshake_says_why_as_http_does(token: Token, address: str) -> None:
    status, challenge, body = refusal(address)
    assert (status, challenge) == (401, f'Bearer realm="{API}"')
    assert b'"token_missing"' in body
    status, challenge, _ = refusal(address, additional_headers={"Authorization": "Bearer " + token(scope="other")})
    assert status == 403
    assert challenge is not None
    assert 'scope="orders:read"' in challenge


def test_a_token_in_the_query_is_refused(token: Token, address: str) -> None:
    assert refusal(f"{address}?access_token={token()}")[0] == 400


def test_a_token_presented_in_both_ways_is_refused(token: Token, address: str) -> None:
    status, _, body = refusal(
        address,
        additional_headers={"Authorization": "Bearer " + token()},
        subprotocols=["watchword", "watchword.bearer." + token()],
    )
    assert status == 400
    assert token()[:20].encode() not in body


def test_two_tokens_among_the_subprotocols_are_refused(token: Token, address: str) -> None:
    offered = ["watchword", "watchword.bearer." + token(), "watchword.bearer." + token(sub="user-2")]
    assert refusal(address, subprotocols=offered)[0] == 400


def test_a_token_without_the_subprotocol_to_select_is_refused(token: Token, address: str) -> None:
    assert refusal(address, subprotocols=["watchword.bearer." + token()])[0] == 400


def ended(connection: ClientConnection) -> tuple[int, str]:
    """With which code and reason the server closes."""
    with pytest.raises(ConnectionClosed) as caught:
        connection.recv(5)
    close = caught.value.rcvd
    assert close is not None
    return close.code, close.reason


@pytest.mark.parametrize("present", [by_header, by_subprotocol])
def test_a_connection_ends_when_its_token_expires(
    token: Token, address: str, clock: SettableClock, present: Callable[..., ClientConnection]
) -> None:
    with present(address, token()) as connection:
        assert connection.recv(5) == "user-1"
        clock.advance(300)
        assert ended(connection) == (1008, "the token has expired")


def test_a_connection_outlives_others_tokens(token: Token, address: str, clock: SettableClock) -> None:
    with by_header(address, token(exp=clock.now() + 900)) as lasting, by_header(address, token()) as ending:
        assert (lasting.recv(5), ending.recv(5)) == ("user-1", "user-1")
        clock.advance(300)
        ended(ending)
        lasting.send("still here")
        assert lasting.recv(5) == "still here"


def test_the_application_may_choose_another_subprotocol_and_sees_no_token(token: Token, clock: SettableClock) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "graphql-ws"})
        await send({"type": "websocket.close"})

    with (
        asgi_server(ProtectMiddleware(app, **protected(clock))) as running,
        by_subprotocol(f"ws://{running}/", token(), "graphql-ws") as connection,
    ):
        assert connection.subprotocol == "graphql-ws"
    [scope] = [scope for scope in seen if scope["type"] == "websocket"]
    assert scope["subprotocols"] == ["graphql-ws", "watchword"]
    assert token()[:20] not in str(scope["headers"])


def test_an_application_cannot_select_the_subprotocol_that_holds_the_token(token: Token, clock: SettableClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "watchword.bearer." + token()})
        await send({"type": "websocket.close"})

    with (
        asgi_server(ProtectMiddleware(app, **protected(clock))) as running,
        by_subprotocol(f"ws://{running}/", token()) as connection,
    ):
        assert connection.subprotocol == "watchword"


def ticks(connection: ClientConnection) -> None:
    """Listen for as long as there is something to hear."""
    while True:
        connection.recv(5)


def test_an_application_that_never_listens_is_told_when_it_sends(token: Token, clock: SettableClock) -> None:
    outcome: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "tick"})
                await asyncio.sleep(0)
        except OSError as error:
            outcome.append(error)

    with (
        asgi_server(ProtectMiddleware(app, **protected(clock), every=EVERY)) as running,
        by_header(f"ws://{running}/", token()) as connection,
    ):
        assert connection.recv(5) == "tick"
        clock.advance(300)
        with pytest.raises(ConnectionClosed):
            ticks(connection)
    assert [str(error) for error in outcome] == ["the token has expired"]


def test_an_error_of_the_applications_own_comes_out_as_it_is(token: Token, clock: SettableClock) -> None:
    """The watch runs beside the application; its group must not wrap what the application raises."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    headers = [(b"authorization", b"Bearer " + token().encode())]
    scope: Scope = {"type": "websocket", "path": "/", "headers": headers, "query_string": b""}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(ProtectMiddleware(app, **protected(clock))(scope, receive, send))


def test_a_server_without_http_responses_is_told_to_close(clock: SettableClock) -> None:
    """Such servers make a 403 of a close before the handshake is answered."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "websocket", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(ProtectMiddleware(app, **protected(clock))(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "no access token was presented"}]


def test_an_optional_token_may_be_missing_but_not_bad(clock: SettableClock) -> None:
    app = Starlette(routes=[WebSocketRoute("/live", echo)])
    with asgi_server(ProtectMiddleware(app, **protected(clock), optional=True, every=EVERY)) as running:
        with connect(f"ws://{running}/live") as connection:
            assert connection.recv(5) == "nobody"
        assert refusal(f"ws://{running}/live", additional_headers={"Authorization": "Bearer a.b.c"})[0] == 401


def test_a_connection_ends_within_a_look_when_its_token_is_withdrawn() -> None:
    app = Starlette(routes=[WebSocketRoute("/live", echo)])
    protect = ProtectMiddleware(app, issuer=ISSUER, audience=API, every=EVERY)
    with FakeIssuer(ISSUER, audience=API) as issuer, asgi_server(protect) as running:
        text = issuer.token("alice")
        with by_subprotocol(f"ws://{running}/live", text) as connection:
            assert connection.recv(5) == "alice"
            issuer.revoke(text)
            assert ended(connection) == (1008, "the token is not valid here")


def test_what_a_peer_sends_after_the_end_does_not_reach_the_application(clock: SettableClock, token: Token) -> None:
    """A peer that does not answer the close may go on sending for as long as the server lets it."""
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            heard.append(message["type"])
            if message["type"] == "websocket.connect":
                clock.advance(300)
        heard.append(f"{message['type']} {message['code']}")
        with pytest.raises(OSError, match="the token has expired"):
            await send({"type": "websocket.send", "text": "late"})

    arriving = iter(["websocket.connect"])
    sent: list[Message] = []
    closed = asyncio.Event()

    async def receive() -> Message:
        kind = next(arriving, None)
        if kind is None:
            # Not every server lets itself be interrupted.
            with anyio.CancelScope(shield=True):
                await closed.wait()
            return {"type": "websocket.receive", "text": "too late"}
        return {"type": kind}

    async def send(message: Message) -> None:
        sent.append(message)
        closed.set()

    headers = [(b"authorization", b"Bearer " + token().encode())]
    scope: Scope = {"type": "websocket", "path": "/", "headers": headers, "query_string": b""}
    asyncio.run(ProtectMiddleware(app, **protected(clock), every=EVERY)(scope, receive, send))
    assert heard == ["websocket.connect", "websocket.disconnect 1008"]
    assert [message["type"] for message in sent] == ["websocket.close"]
