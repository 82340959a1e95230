"""gRPC where the application makes a mistake: it ends the call it is made in, and takes the guard from no other."""

import logging
import threading
from threading import Event
from typing import Any

import grpc
import pytest
from tests.frameworks.drivers.grpc import SERVICE, blocking_server
from tests.frameworks.protected_api import protected
from tests.frameworks.test_grpc import EVERY, Blocking, call, metadata, streams
from tests.frameworks.tokens import token

from watchword.clock import SettableClock
from watchword.grpc import ProtectInterceptor
from watchword.verify.claims import VerifiedClaims
from watchword.verify.conditions import requires


def test_a_condition_that_fails_within_an_idle_stream_leaves_no_other_stream_unwatched(
    clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    """One thread looks at the tokens of all: had it ended, every idle stream would outlive its token."""
    breaks = Event()

    def mistaken(claims: VerifiedClaims) -> bool:
        if claims.sub == "user-1" and breaks.is_set():
            raise KeyError("canary")
        return True

    service = Blocking()
    guard = ProtectInterceptor(every=EVERY, methods={f"/{SERVICE}/wait": [requires(mistaken)]}, **protected(clock))
    with blocking_server(guard, streams(service)) as address, grpc.insecure_channel(address) as channel:
        broken = call(channel, "unary_stream", "wait")(b"", metadata=metadata(), timeout=10)
        assert next(broken) == b"user-1"
        with caplog.at_level(logging.ERROR, "watchword.grpc"):
            breaks.set()
            assert ended(broken) is grpc.StatusCode.CANCELLED
        assert "canary" in caplog.text
        other = call(channel, "unary_stream", "wait")(b"", metadata=metadata(token(sub="user-2")), timeout=10)
        assert next(other) == b"user-2"
        clock.advance(300)
        assert ended(other) is grpc.StatusCode.CANCELLED
        service.released.set()


def test_a_process_without_a_thread_to_spare_opens_no_stream_that_nobody_watches(
    clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, start = Blocking(), threading.Thread.start

    def exhausted(thread: threading.Thread) -> None:
        if thread.name == "watchword-grpc-streams":
            raise RuntimeError("can't start new thread")
        start(thread)

    guard = ProtectInterceptor(every=EVERY, **protected(clock))
    with blocking_server(guard, streams(service)) as address, grpc.insecure_channel(address) as channel:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", exhausted)
            refused = call(channel, "unary_stream", "wait")(b"", metadata=metadata(), timeout=10)
            assert ended(refused) is grpc.StatusCode.UNKNOWN
        watched = call(channel, "unary_stream", "wait")(b"", metadata=metadata(), timeout=10)
        assert next(watched) == b"user-1"
        clock.advance(300)
        assert ended(watched) is grpc.StatusCode.CANCELLED
        service.released.set()


def ended(stream: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    error: Any = caught.value
    code: grpc.StatusCode = error.code()
    return code
