"""Being signed in for a block: which requests it touches, and that it leaves nothing behind."""

import threading
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from tests.verify.testing.test_fake_issuer import API, ISSUER

from watchword.asgi import ProtectMiddleware
from watchword.jose import Key
from watchword.verify import TokenMissingError, TokenRevokedError, VerifierSettingsError
from watchword.verify.protection import Protection
from watchword.verify.testing import FakeIssuer, signed_in


@pytest.fixture
def protection() -> Protection:
    return Protection(issuer=ISSUER, audience=API)


@pytest.fixture
def issuer(protection: Protection) -> Iterator[FakeIssuer]:
    with FakeIssuer() as active:
        yield active


def caller(protection: Protection, *authorization: str) -> str:
    """Whom a request with these headers speaks for."""
    return protection.admit(protection.present(authorization=list(authorization))).sub


def test_inner_blocks_win_and_outer_ones_come_back(protection: Protection, issuer: FakeIssuer) -> None:
    with signed_in("alice"):
        with issuer.signed_in("bob"):
            assert caller(protection) == "bob"
        assert caller(protection) == "alice"
    with pytest.raises(TokenMissingError):
        caller(protection)


def test_a_request_that_shows_its_own_token_keeps_it(protection: Protection, issuer: FakeIssuer) -> None:
    with signed_in("alice"):
        assert caller(protection, "Bearer " + issuer.token("carol")) == "carol"
        assert caller(protection, "Basic YTpi") == "alice"


def test_nothing_is_left_behind_whatever_happens(protection: Protection, issuer: FakeIssuer) -> None:
    before = Protection.__dict__["present"]
    with pytest.raises(ZeroDivisionError), signed_in("alice"), signed_in("bob"):
        raise ZeroDivisionError
    assert Protection.__dict__["present"] is before


def test_blocks_may_end_in_any_order(protection: Protection, issuer: FakeIssuer) -> None:
    """As those of two fixtures or two tasks do."""
    before = Protection.__dict__["present"]
    first, second = signed_in("alice"), signed_in("bob")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert caller(protection) == "bob"
    second.__exit__(None, None, None)
    assert Protection.__dict__["present"] is before


def test_servers_in_other_threads_see_it(protection: Protection, issuer: FakeIssuer) -> None:
    seen: list[str] = []
    asked, done = threading.Event(), threading.Event()

    def serve() -> None:
        asked.wait(5)
        seen.append(caller(protection))
        done.set()

    server = threading.Thread(target=serve)
    server.start()
    with signed_in("alice"):
        asked.set()
        assert done.wait(5)
    server.join()
    assert seen == ["alice"]


@pytest.mark.anyio
async def test_event_loops_see_it(protection: Protection, issuer: FakeIssuer) -> None:
    with signed_in("alice", scopes=["orders:read"]):
        claims = await protection.aadmit(protection.present(authorization=[]))
        assert claims.sub == "alice"
        assert claims.scopes == {"orders:read"}


def test_it_decorates_too(protection: Protection, issuer: FakeIssuer) -> None:
    @signed_in("alice")
    def story() -> str:
        return caller(protection)

    assert (story(), story()) == ("alice", "alice")


def test_its_token_is_one_like_any_other(protection: Protection, issuer: FakeIssuer) -> None:
    with signed_in("alice") as token:
        assert caller(protection) == "alice"
        issuer.revoke(token)
        with pytest.raises(TokenRevokedError):
            caller(protection)


def test_with_several_issuers_each_signs_in_its_own(protection: Protection) -> None:
    other = Protection(issuer="https://b.example.com", audience="https://b-api.example.com", profile="auth0")
    with FakeIssuer(ISSUER) as first, FakeIssuer("https://b.example.com") as second:
        with signed_in("bob"):  # by the issuer that was started last
            assert caller(other) == "auth0|bob"
        with second.signed_in("carol"):
            assert caller(other) == "auth0|carol"
        with first.signed_in("dave"):
            assert caller(protection) == "dave"


def test_websockets_are_signed_in() -> None:
    """They close when the token ends, as with a token of their own."""

    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.state.claims.sub)
        await websocket.receive()

    app = ProtectMiddleware(Starlette(routes=[WebSocketRoute("/live", live)]), issuer=ISSUER, audience=API, every=0.01)
    with FakeIssuer() as issuer, TestClient(app) as client:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live"):
            pass
        with signed_in("alice") as token, client.websocket_connect("/live") as opened:
            assert opened.receive_text() == "alice"
            issuer.revoke(token)
            with pytest.raises(WebSocketDisconnect) as closed:
                opened.receive_text()
            assert closed.value.code == 1008


def test_a_block_cannot_prove_a_key(issuer: FakeIssuer) -> None:
    with pytest.raises(TypeError, match="dpop_headers"), signed_in("alice", dpop_key=Key.generate("ES256")):
        pass


def test_without_an_issuer_it_says_what_to_do() -> None:
    with pytest.raises(VerifierSettingsError, match=r"fixture `issuer`"), signed_in("alice"):
        pass
