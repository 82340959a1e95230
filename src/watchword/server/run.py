"""Serve one application in this process until it is told to stop."""

import asyncio
import contextlib
import errno
import logging.config
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from watchword.errors import WatchwordError
from watchword.server import logs
from watchword.server.management import Management, create_management
from watchword.server.protocol import WatchwordProtocol
from watchword.server.tls import CertificateFiles, Renewal, new_context

GRACE_SECONDS = 5  # after it, requests that still run are cut: an open event stream would never end by itself
CONCURRENT_LIMIT = 2000
LAST_ACCEPTED_SECONDS = 0.3


class ListenError(WatchwordError):
    """The address cannot be listened on."""

    code = "listen"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen. ``localhost`` means both loopback addresses, where the machine has both.

    With ``loopback`` they are listened on besides ``host``.
    """

    host: str
    port: int
    tls: CertificateFiles | None = None
    loopback: bool = False


def serve(
    opening: Callable[[], Awaitable[Any]],
    listen: Listen,
    *,
    ready: Callable[[], None] = lambda: None,
    sockets: Sequence[socket.socket] | None = None,
    management: Management | None = None,
    log_level: str = "INFO",
    on_log_drop: Callable[[str], None] | None = None,
) -> None:
    """Run an application until SIGINT or SIGTERM; idle connections are drained, then the lifespan ends.

    Args:
        opening: makes the ASGI application, inside the event loop that will run it; a refusal raises.
        listen: where, and with which certificate.
        ready: called once the application has started and the sockets listen.
        sockets: bound already, instead of those that ``listen`` says.
        management: where operators' machines ask; the last to close, so that they see the process stop.
        log_level: from which on lines are logged.
        on_log_drop: is told of each log line that is not written, see `watchword.server.log_writer`.

    Raises:
        ListenError: the port is taken, or the address is not this machine's.
        ssl.SSLError, OSError: the certificate cannot be used.
    """
    context = None if listen.tls is None else new_context(listen.tls)
    logging.config.dictConfig(logs.configuration(log_level, on_drop=on_log_drop))
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(_serve(opening, listen, context, ready, sockets=sockets, management=management))


class _Server(uvicorn.Server):
    """uvicorn's, but for connections it has taken a moment before it stops.

    Their handshake goes on, and of those it does not know yet: it would end them at once, and not wait for their
    first request. What comes later waits in the queue of the socket, for other processes.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        await asyncio.sleep(LAST_ACCEPTED_SECONDS)
        await super().shutdown(sockets)


def _configuration(application: Any, context: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=WatchwordProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who forwarded for whom is judged where it matters: authn/client_address.py
        timeout_keep_alive=20,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=CONCURRENT_LIMIT,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )


async def _serve(
    opening: Callable[[], Awaitable[Any]],
    listen: Listen,
    context: ssl.SSLContext | None,
    ready: Callable[[], None],
    *,
    sockets: Sequence[socket.socket] | None,
    management: Management | None,
) -> None:
    application = await opening()
    server = _Server(_configuration(application, context))
    bound = all_sockets(listen) if sockets is None else list(sockets)
    # Both are bound before either serves: a port that is taken stops the start.
    asked = None if management is None else _Asked(management, application)
    beside = [asyncio.create_task(_announce(server, ready))]
    if listen.tls is not None and context is not None:
        beside.append(asyncio.create_task(Renewal(listen.tls, context).keep_looking()))
    try:
        stopping = getattr(application.state, "stop", None)
        if stopping is not None:
            beside.append(asyncio.create_task(_tell_of_the_end(server, stopping)))
        if asked is not None:
            asked.begin()
        await server.serve(sockets=bound)
    finally:
        if asked is not None:
            await asked.end()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _tell_of_the_end(server: uvicorn.Server, stopping: Callable[[], None]) -> None:
    """Call ``stopping`` as soon as a signal has come, also when no connection is open whose protocol would."""
    while not server.should_exit:  # noqa: ASYNC110  uvicorn offers a flag, no event
        await asyncio.sleep(0.05)
    stopping()


class _Asked:
    """The second, small server of the management listener."""

    def __init__(self, management: Management, application: Any) -> None:
        self._sockets = open_sockets(management.host, management.port, shared=management.shared)
        self._server = _Quiet(
            uvicorn.Config(
                create_management(management, application.state.issuer.health),
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=50,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=1,
            )
        )
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=self._sockets))

    async def end(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for one in self._sockets:
            one.close()


class _Quiet(uvicorn.Server):
    """Signals are for the other server, which ends this one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _announce(server: uvicorn.Server, ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110  uvicorn offers a flag, no event
        await asyncio.sleep(0.01)
    ready()


def all_sockets(listen: Listen) -> list[socket.socket]:
    """Every socket that ``listen`` asks for, bound; they listen from the moment a server takes them.

    Raises:
        ListenError: one is taken, or the address is not this machine's.
    """
    sockets = open_sockets(listen.host, listen.port)
    if listen.loopback and not covers_loopback(listen.host):
        sockets += open_sockets("localhost", listen.port)
    return sockets


def open_sockets(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Sockets bound to ``host`` and ``port``, listening from the moment the server takes them.

    Args:
        host: an address, or ``localhost`` for both of loopback.
        port: the TCP port.
        shared: other processes bind it too, and each connection goes to one of them (``SO_REUSEPORT``).

    Raises:
        ListenError: none can be bound, or one is taken.
    """
    names = ("127.0.0.1", "::1") if host == "localhost" else (host.strip("[]"),)
    opened: list[socket.socket] = []
    for name in names:
        try:
            opened.append(_bind(name, port, shared=shared))
        except OSError as error:
            if name == "::1" and opened and not _is_taken(error):
                continue  # a machine without IPv6
            for one in opened:
                one.close()
            raise ListenError(f"cannot listen on {host}, port {port} ({error.strerror})") from error
    return opened


def covers_loopback(host: str) -> bool:
    """Whether whoever listens on ``host`` is reached as ``localhost`` too."""
    return host.strip("[]") in {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104  compared, not bound


def _is_taken(error: OSError) -> bool:
    return error.errno == errno.EADDRINUSE


def _bind(name: str, port: int, *, shared: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6 and name != "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((name, port))
        bound.set_inheritable(False)
    except OSError:
        bound.close()
        raise
    return bound
