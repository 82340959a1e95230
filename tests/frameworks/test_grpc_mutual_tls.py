"""gRPC over mutual TLS with tokens that are bound to the client's certificate (RFC 8705 section 3; THREATS O45, O47).

Real servers demand a certificate, real channels show one; nothing stands in for TLS.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import grpc
import pytest
from grpc.experimental import session_cache
from tests.frameworks.certificates import Party
from tests.frameworks.drivers.grpc import SERVICE, asyncio_server, blocking_server, tell, tell_later
from tests.frameworks.protected_api import protected
from tests.frameworks.test_grpc import Blocking, Later, call, metadata, streams
from tests.frameworks.tokens import token

from watchword.clock import SettableClock
from watchword.grpc import AsyncProtectInterceptor, ProtectInterceptor
from watchword.verify.sender import SenderPolicy

AUTHORITY = Party("authority", is_authority=True)
SERVER = Party("server", AUTHORITY)
ALICE = Party("client", AUTHORITY)
MALLORY = Party("client", AUTHORITY)  # trusted as well, and of the same name
BRANCH = Party("branch", AUTHORITY, is_authority=True)
BOB = Party("client", BRANCH)
STRANGER = Party("client", Party("another authority", is_authority=True))

KINDS = ["blocking", "asyncio", "blocking methods on asyncio"]


def server_tls(*, demands: bool = True) -> grpc.ServerCredentials:
    pairs = [(SERVER.key, SERVER.chain)]
    return grpc.ssl_server_credentials(pairs, AUTHORITY.certificate if demands else None, require_client_auth=demands)


def goes_on(request: bytes, context: Any) -> bytes:
    """Whether this connection goes on with an earlier session."""
    reused: bytes = next(iter(context.auth_context()["ssl_session_reused"]))
    return reused


async def goes_on_later(request: bytes, context: Any) -> bytes:
    return goes_on(request, context)


@contextmanager
def serving(
    kind: str, clock: SettableClock, *, tls: grpc.ServerCredentials | None = None, **options: Any
) -> Iterator[str]:
    service: Any = Later() if kind == "asyncio" else Blocking()
    unary: dict[str, Any] = {
        "tell": grpc.unary_unary_rpc_method_handler(tell_later if kind == "asyncio" else tell),
        "goes_on": grpc.unary_unary_rpc_method_handler(goes_on_later if kind == "asyncio" else goes_on),
    }
    handler = _Both(streams(service), grpc.method_handlers_generic_handler(SERVICE, unary))
    settings = protected(clock, danger_explain_refusals=True, **options)
    tls = tls or server_tls()
    server: AbstractContextManager[str]
    if kind == "blocking":
        server = blocking_server(ProtectInterceptor(**settings), handler, tls=tls)
    else:
        server = asyncio_server(lambda: AsyncProtectInterceptor(**settings), handler, tls=tls)
    with server as address:
        yield address
        service.released.set()


class _Both(grpc.GenericRpcHandler):
    """The methods of several handlers."""

    def __init__(self, *handlers: grpc.GenericRpcHandler) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: Any) -> Any:
        found = (handler.service(handler_call_details) for handler in self._handlers)
        return next((handler for handler in found if handler is not None), None)


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[str]:
    with serving(request.param, clock) as address:
        yield address


def channel(address: str, client: Party | None, options: Any = ()) -> grpc.Channel:
    own = (None, None) if client is None else (client.key, client.chain)
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(AUTHORITY.certificate, *own), options)


def bound(client: Party) -> str:
    return token(cnf={"x5t#S256": client.thumbprint})


def tells(channel: grpc.Channel, text: str, **headers: str) -> bytes:
    told: bytes = call(channel, "unary_unary", "tell")(b"", metadata=(*metadata(text), *headers.items()), timeout=10)
    return told


def refused(attempt: Callable[[], object]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    with pytest.raises(grpc.RpcError) as caught:
        attempt()
    error: Any = caught.value
    return error.code(), error.details(), dict(error.trailing_metadata() or ())


@pytest.mark.parametrize("client", [ALICE, BOB], ids=["of the authority", "by an authority in between"])
def test_o45_a_token_passes_on_a_connection_with_its_own_certificate(address: str, client: Party) -> None:
    with channel(address, client) as open_channel:
        assert tells(open_channel, bound(client)) == b'{"sub": "user-1"}'
        counted = call(open_channel, "unary_stream", "count")(b"2", metadata=metadata(bound(client)), timeout=10)
        assert list(counted) == [b"user-1 0", b"user-1 1"]
        sent = iter([b"a", b"b"])
        gathered = call(open_channel, "stream_unary", "gather")(sent, metadata=metadata(bound(client)), timeout=10)
        assert gathered == b"user-1ab"
        sent = iter([b"a", b"b"])
        repeated = call(open_channel, "stream_stream", "repeat")(sent, metadata=metadata(bound(client)), timeout=10)
        assert list(repeated) == [b"user-1a", b"user-1b"]


ATTEMPTS: dict[str, Callable[[grpc.Channel, str], object]] = {
    "unary": tells,
    "out": lambda open_channel, text: list(
        call(open_channel, "unary_stream", "count")(b"2", metadata=metadata(text), timeout=10)
    ),
    "in": lambda open_channel, text: call(open_channel, "stream_unary", "gather")(
        iter([b"a"]), metadata=metadata(text), timeout=10
    ),
    "both": lambda open_channel, text: list(
        call(open_channel, "stream_stream", "repeat")(iter([b"a"]), metadata=metadata(text), timeout=10)
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_o45_a_stolen_token_is_refused_on_a_connection_with_another_certificate(
    address: str, attempt: Callable[[grpc.Channel, str], object]
) -> None:
    with channel(address, MALLORY) as open_channel:
        code, details, told = refused(lambda: attempt(open_channel, bound(ALICE)))
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert details == "the token is bound to another client certificate"
    assert 'error="invalid_token"' in told["www-authenticate"]


def test_o45_the_certificate_of_the_authority_in_between_stands_for_nobody(address: str) -> None:
    """It is on the connection too, behind the client's own."""
    with channel(address, BOB) as open_channel:
        code, _, _ = refused(lambda: tells(open_channel, bound(BRANCH)))
    assert code is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("client", [None, STRANGER], ids=["none", "one of another authority"])
def test_without_a_trusted_certificate_there_is_no_connection(address: str, client: Party | None) -> None:
    with channel(address, client) as open_channel:
        code, _, _ = refused(lambda: tells(open_channel, bound(client or ALICE)))
    assert code is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
@pytest.mark.parametrize("kind", KINDS)
def test_o45_where_the_server_asks_for_none_a_bound_token_is_refused(
    clock: SettableClock, kind: str, attempt: Callable[[grpc.Channel, str], object]
) -> None:
    """A server that was set up without mutual TLS never takes a bound token for a bearer token."""
    with serving(kind, clock, tls=server_tls(demands=False)) as address, channel(address, ALICE) as open_channel:
        code, details, _ = refused(lambda: attempt(open_channel, bound(ALICE)))
        assert code is grpc.StatusCode.UNAUTHENTICATED
        assert details == "the token is bound to a key, of which no proof was presented"
        assert tells(open_channel, token()) == b'{"sub": "user-1"}'


@pytest.mark.parametrize("name", ["x509_pem_cert", "client-cert", "x-client-cert", "ssl_client_cert"])
def test_o47_metadata_cannot_claim_a_certificate(address: str, name: str) -> None:
    claimed = ALICE.certificate.decode().replace("\n", " ")
    with channel(address, MALLORY) as open_channel:
        code, details, _ = refused(lambda: tells(open_channel, bound(ALICE), **{name: claimed}))
    assert (code, details) == (grpc.StatusCode.UNAUTHENTICATED, "the token is bound to another client certificate")


@pytest.mark.parametrize("kind", KINDS)
def test_o47_behind_a_proxy_the_connections_own_certificate_is_the_proxys(clock: SettableClock, kind: str) -> None:
    sender = SenderPolicy(danger_certificate_header="X-Client-Cert")
    handed_on = ALICE.certificate.decode().replace("\n", "%0A").replace("+", "%2B")
    with serving(kind, clock, sender=sender) as address, channel(address, MALLORY) as proxy:
        assert tells(proxy, bound(ALICE), **{"x-client-cert": handed_on}) == b'{"sub": "user-1"}'
        assert refused(lambda: tells(proxy, bound(MALLORY)))[0] is grpc.StatusCode.UNAUTHENTICATED


def test_a_token_that_is_not_bound_needs_no_certificate_of_its_own(address: str) -> None:
    with channel(address, MALLORY) as open_channel:
        assert tells(open_channel, token()) == b'{"sub": "user-1"}'


def test_a_connection_that_goes_on_with_an_earlier_session_still_has_its_certificate(address: str) -> None:
    """TLS session resumption: the certificate is not sent again, the server remembers whose session it is."""
    cache: Any = session_cache
    options = [  # sessions are kept by the server's name, and an address is none
        ("grpc.ssl_session_cache", cache.ssl_session_cache_lru(2)),
        ("grpc.ssl_target_name_override", "localhost"),
    ]
    went_on = []
    for _ in range(3):
        with channel(address, ALICE, options) as open_channel:
            assert tells(open_channel, bound(ALICE)) == b'{"sub": "user-1"}'
            assert refused(lambda: tells(open_channel, bound(MALLORY)))[0] is grpc.StatusCode.UNAUTHENTICATED
            went_on.append(
                call(open_channel, "unary_unary", "goes_on")(b"", metadata=metadata(bound(ALICE)), timeout=10)
            )
    assert went_on == [b"false", b"true", b"true"]
