"""gRPC beyond one call: which methods need what, all kinds of streams, and when an open one ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event
from typing import Any

import grpc
import pytest
from tests.frameworks.drivers.grpc import SERVICE, asyncio_server, blocking_server, calls_of, tell, unary
from tests.frameworks.protected_api import API, Call, protected
from tests.frameworks.tokens import bearer, token

from watchword.clock import SettableClock
from watchword.grpc import AsyncProtectInterceptor, ProtectInterceptor, current_claims
from watchword.verify.requirements import requirements

EVERY = 0.01


class Blocking:
    """Methods in threads. ``released`` lets an idle stream end at the end of a test."""

    def __init__(self) -> None:
        self.released = Event()

    def count(self, request: bytes, context: Any) -> Iterator[bytes]:
        """Server streaming: one message, and then as many as are asked for."""
        for number in range(int(request)):
            yield f"{current_claims().sub} {number}".encode()

    def wait(self, request: bytes, context: Any) -> Iterator[bytes]:
        """Server streaming that falls idle after one message."""
        yield current_claims().sub.encode()
        self.released.wait(10)

    def gather(self, requests: Iterator[bytes], context: Any) -> bytes:
        """Client streaming."""
        return current_claims().sub.encode() + b"".join(requests)

    def repeat(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        """Both."""
        for request in requests:
            yield current_claims().sub.encode() + request


class Later:
    """The same on an event loop."""

    def __init__(self) -> None:
        self.released = Event()

    async def count(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        for number in range(int(request)):
            yield f"{current_claims().sub} {number}".encode()

    async def wait(self, request: bytes, context: Any) -> None:
        """By the other way in which a method may send."""
        await context.write(current_claims().sub.encode())
        await asyncio.Event().wait()

    async def gather(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        return current_claims().sub.encode() + b"".join([request async for request in requests])

    async def repeat(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield current_claims().sub.encode() + request


def streams(service: Any) -> grpc.GenericRpcHandler:
    handlers: dict[str, Any] = {
        "count": grpc.unary_stream_rpc_method_handler(service.count),
        "wait": grpc.unary_stream_rpc_method_handler(service.wait),
        "gather": grpc.stream_unary_rpc_method_handler(service.gather),
        "repeat": grpc.stream_stream_rpc_method_handler(service.repeat),
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)


KINDS = ["blocking", "asyncio", "blocking methods on asyncio"]


@contextmanager
def serving(kind: str, clock: SettableClock, *, every: float = EVERY) -> Iterator[grpc.Channel]:
    service: Any = Later() if kind == "asyncio" else Blocking()
    options = protected(clock)
    server: AbstractContextManager[str]
    if kind == "blocking":
        server = blocking_server(ProtectInterceptor(every=every, **options), streams(service))
    else:
        server = asyncio_server(lambda: AsyncProtectInterceptor(every=every, **options), streams(service))
    with server as address, grpc.insecure_channel(address) as channel:
        yield channel
        service.released.set()


@pytest.fixture(params=KINDS)
def channel(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[grpc.Channel]:
    with serving(request.param, clock) as channel:
        yield channel


def metadata(text: str | None = None) -> tuple[tuple[str, str], ...]:
    return (("authorization", "Bearer " + (text or token())),)


def call(channel: Any, kind: str, name: str) -> Callable[..., Any]:
    made: Callable[..., Any] = getattr(channel, kind)(f"/{SERVICE}/{name}")
    return made


def test_every_kind_of_stream_passes_with_a_good_token(channel: grpc.Channel) -> None:
    counted = call(channel, "unary_stream", "count")(b"3", metadata=metadata(), timeout=10)
    assert list(counted) == [b"user-1 0", b"user-1 1", b"user-1 2"]
    gathered = call(channel, "stream_unary", "gather")(iter([b"a", b"b"]), metadata=metadata(), timeout=10)
    assert gathered == b"user-1ab"
    repeated = call(channel, "stream_stream", "repeat")(iter([b"a", b"b"]), metadata=metadata(), timeout=10)
    assert list(repeated) == [b"user-1a", b"user-1b"]


def test_every_kind_of_stream_is_refused_without_one(channel: grpc.Channel) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: list(call(channel, "unary_stream", "count")(b"3", timeout=10)),
        lambda: call(channel, "stream_unary", "gather")(iter([b"a"]), timeout=10),
        lambda: list(call(channel, "stream_stream", "repeat")(iter([b"a"]), timeout=10)),
    ]
    for attempt in attempts:
        with pytest.raises(grpc.RpcError) as caught:
            attempt()
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        assert dict(error.trailing_metadata())["www-authenticate"] == f'Bearer realm="{API}"'


@pytest.mark.parametrize("method", [("stream_stream", "repeat"), ("stream_unary", "gather")], ids=lambda pair: pair[0])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_moves_ends_with_its_token(kind: str, method: tuple[str, str], clock: SettableClock) -> None:
    over = Event()

    def requests() -> Iterator[bytes]:
        yield b"a"
        clock.advance(300)
        while not over.wait(0.002):
            yield b"b"

    # In threads it is the next message that is refused; a look in between would come first now and then.
    with serving(kind, clock, every=EVERY if kind == "asyncio" else 60) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            list(call(channel, *method)(requests(), metadata=metadata(), timeout=10))
        over.set()
    error: Any = caught.value
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAUTHENTICATED, "the token has expired")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("blocking", grpc.StatusCode.CANCELLED), ("asyncio", grpc.StatusCode.UNAUTHENTICATED)],
    ids=["blocking", "asyncio"],
)
def test_a_stream_that_falls_idle_ends_with_its_token(
    kind: str, expected: grpc.StatusCode, clock: SettableClock
) -> None:
    """Nothing can interrupt a method that waits in a thread: its call is ended from outside. Where a server on asyncio
    runs a blocking method there is no way to do that, and its next message ends it.
    """
    with serving(kind, clock) as channel:
        waiting = call(channel, "unary_stream", "wait")(b"", metadata=metadata(), timeout=10)
        assert next(waiting) == b"user-1"
        clock.advance(300)
        with pytest.raises(grpc.RpcError) as caught:
            next(waiting)
    error: Any = caught.value
    assert error.code() is expected


SERVERS = {
    "blocking": lambda **options: blocking_server(ProtectInterceptor(**options), unary({"a": tell, "b": tell})),
    "asyncio": lambda **options: asyncio_server(
        lambda: AsyncProtectInterceptor(**options), unary({"a": tell, "b": tell})
    ),
}
both = pytest.mark.parametrize("serve", SERVERS.values(), ids=SERVERS)


@both
def test_a_method_that_is_not_listed_is_refused_whatever_the_token(
    serve: Callable[..., AbstractContextManager[str]], clock: SettableClock
) -> None:
    with serve(methods={f"/{SERVICE}/a": ["orders:read"]}, **protected(clock)) as address:
        ask = calls_of(address)
        assert ask(bearer(token(), "a")).status == 200
        assert ask(bearer(token(), "b")).status == 403
        assert ask(Call("b")).status == 401


@both
def test_methods_that_are_not_listed_may_be_opened_to_any_good_token(
    serve: Callable[..., AbstractContextManager[str]], clock: SettableClock
) -> None:
    methods = {f"/{SERVICE}/a": requirements(roles=["admin"])}
    with serve(methods=methods, unlisted="accept", **protected(clock)) as address:
        ask = calls_of(address)
        assert ask(bearer(token(), "a")).status == 403
        assert ask(bearer(token(roles=["admin"]), "a")).status == 200
        assert ask(bearer(token(), "b")).status == 200
        assert ask(Call("b")).status == 401


@both
def test_a_whole_service_may_be_listed_and_one_method_said_apart(
    serve: Callable[..., AbstractContextManager[str]], clock: SettableClock
) -> None:
    methods = {f"/{SERVICE}/*": ["orders:read"], f"/{SERVICE}/b": ["orders:write"]}
    with serve(methods=methods, **protected(clock)) as address:
        ask = calls_of(address)
        assert ask(bearer(token(), "a")).status == 200
        assert ask(bearer(token(), "b")).status == 403


def test_a_public_method_needs_no_token_and_has_no_claims(clock: SettableClock) -> None:
    def nobody(request: bytes, context: Any) -> bytes:
        with pytest.raises(RuntimeError):
            current_claims()
        return b"{}"

    protect = ProtectInterceptor(public=[f"/{SERVICE}/a"], **protected(clock))
    with blocking_server(protect, unary({"a": nobody, "b": tell})) as address:
        ask = calls_of(address)
        # The calls share threads, never claims.
        for _ in range(12):
            assert ask(bearer(token(), "b")).status == 200
            assert ask(Call("a")).status == 200


def test_a_method_that_does_not_exist_is_unimplemented(clock: SettableClock) -> None:
    with (
        blocking_server(ProtectInterceptor(**protected(clock)), unary({"a": tell})) as address,
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        call(channel, "unary_unary", "no-such")(b"", metadata=metadata(), timeout=10)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("name", ["orders.Orders/Read", "/orders.Orders", "/orders.Orders/", "/a/b/c"])
def test_a_method_name_of_another_form_is_refused_at_once(clock: SettableClock, name: str) -> None:
    with pytest.raises(ValueError, match=r"/package\.Service/Method"):
        ProtectInterceptor(methods={name: ["orders:read"]}, **protected(clock))


def test_scopes_that_are_one_string_are_refused_at_once(clock: SettableClock) -> None:
    with pytest.raises(TypeError):
        ProtectInterceptor(methods={f"/{SERVICE}/a": "orders:read"}, **protected(clock))
