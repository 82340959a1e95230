"""gRPC: real servers and real channels on loopback; messages are bytes, so that no compiler is needed."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ClassVar

import grpc
import grpc.aio
from tests.frameworks.protected_api import ANOTHERS_ORDER, OPERATIONS, Answer, Call, Caller, is_owner

from watchword.grpc import AsyncProtectInterceptor, ProtectInterceptor, current_claims
from watchword.verify.requirements import requirements

SERVICE = "orders.Orders"
METHODS = {
    f"/{SERVICE}/{operation.name}": (*requirements(**operation.needs), *operation.conditions)
    for operation in OPERATIONS
}
_STATUSES = {
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.UNAVAILABLE: 503,
}


def tell(request: bytes, context: Any) -> bytes:
    return json.dumps({"sub": current_claims().sub}).encode()


async def tell_later(request: bytes, context: Any) -> bytes:
    return tell(request, context)


def owner(request: bytes, context: Any) -> bytes:
    is_owner(current_claims(), ANOTHERS_ORDER)
    return tell(request, context)


async def owner_later(request: bytes, context: Any) -> bytes:
    return owner(request, context)


def unary(functions: dict[str, Callable[..., Any]]) -> grpc.GenericRpcHandler:
    """A service of unary methods."""
    handlers: dict[str, Any] = {
        name: grpc.unary_unary_rpc_method_handler(function) for name, function in functions.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)


def answer(error: grpc.RpcError) -> Answer:
    """What a caller was told by a refusal."""
    call: Any = error
    told = {name: value for name, value in call.trailing_metadata() or () if isinstance(value, str)}
    return Answer(_STATUSES[call.code()], told, None, f"{call.details()}{told}")


def calls_of(address: str) -> Caller:
    """Makes one call after the other, each through a channel of its own."""

    def call(call: Call) -> Answer:
        with grpc.insecure_channel(address) as channel:
            method: Any = channel.unary_unary(f"/{SERVICE}/{call.operation}")
            try:
                body = method(b"", metadata=[(name.lower(), value) for name, value in call.headers], timeout=10)
            except grpc.RpcError as error:
                return answer(error)
            return Answer(200, {}, json.loads(body), body.decode())

    return call


@contextmanager
def blocking_server(
    interceptor: Any, handler: grpc.GenericRpcHandler, *, tls: grpc.ServerCredentials | None = None
) -> Iterator[str]:
    """The address of a server whose methods run in threads."""
    server = grpc.server(ThreadPoolExecutor(8), interceptors=[interceptor])
    server.add_generic_rpc_handlers((handler,))
    port = _listen(server, tls)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def asyncio_server(
    interceptor: Callable[[], Any], handler: grpc.GenericRpcHandler, *, tls: grpc.ServerCredentials | None = None
) -> Iterator[str]:
    """The address of a server on an event loop, in a thread of its own."""
    ready = threading.Event()
    address: list[str] = []
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        done = asyncio.Event()
        server = grpc.aio.server(interceptors=[interceptor()])
        server.add_generic_rpc_handlers((handler,))
        address.append(f"127.0.0.1:{_listen(server, tls)}")
        await server.start()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        ready.set()
        await done.wait()
        await server.stop(None)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield address[0]
    finally:
        stop[0]()
        thread.join()


def _listen(server: Any, tls: grpc.ServerCredentials | None) -> int:
    address = "127.0.0.1:0"
    port: int = server.add_insecure_port(address) if tls is None else server.add_secure_port(address, tls)
    return port


class GRPCDriver:
    """`ProtectInterceptor`."""

    name = "grpc"
    statuses: ClassVar[dict[int, int]] = {400: 401}
    tells = frozenset({"challenge", "retry"})
    can = frozenset({"two headers", "refuse in the handler", "dpop"})
    target = f"POST /{SERVICE}/{{}}"

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        handler = unary(dict.fromkeys((operation.name for operation in OPERATIONS), tell) | {"owner": owner})
        with blocking_server(ProtectInterceptor(methods=METHODS, **options), handler) as address:
            yield calls_of(address)


class AsyncGRPCDriver(GRPCDriver):
    """`AsyncProtectInterceptor`; one method blocks."""

    name = "grpc.aio"

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        functions: dict[str, Any] = dict.fromkeys((operation.name for operation in OPERATIONS), tell_later)
        handler = unary({**functions, "owner": owner_later, "write": tell})
        with asyncio_server(lambda: AsyncProtectInterceptor(methods=METHODS, **options), handler) as address:
            yield calls_of(address)
