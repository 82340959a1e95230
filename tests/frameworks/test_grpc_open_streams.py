"""How often the tokens of open streams are looked at."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Semaphore
from typing import Any

import grpc
import pytest
from tests.client.waiting import until
from tests.frameworks.drivers.grpc import SERVICE, blocking_server
from tests.frameworks.protected_api import API, ISSUER, NOW, protected
from tests.frameworks.test_grpc import Blocking, call, metadata, streams
from tests.frameworks.tokens import token

from watchword.clock import SettableClock
from watchword.fetch import InProcessAnswer, InProcessRequest, danger_answer_in_process
from watchword.grpc import ProtectInterceptor
from watchword.verify.claims import VerifiedClaims
from watchword.verify.conditions import requires
from watchword.verify.credentials import ResourceCredentials


def test_a_stream_is_looked_at_when_it_is_due_and_not_whenever_another_is(clock: SettableClock) -> None:
    """A look may be a question to the issuer: a thousand streams that open must not make it a million."""
    looks: Counter[str] = Counter()

    def counted(claims: VerifiedClaims) -> bool:
        looks[claims.sub] += 1
        return True

    service, kept = Blocking(), list[Any]()
    guard = ProtectInterceptor(every=60, methods={f"/{SERVICE}/wait": [requires(counted)]}, **protected(clock))
    with (
        ExitStack() as cleanup,
        blocking_server(guard, streams(service)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        cleanup.callback(service.released.set)

        def opened(sub: str, **changes: Any) -> None:
            text = metadata(token(sub=sub, **changes))
            stream = call(channel, "unary_stream", "wait")(b"", metadata=text, timeout=10)
            assert next(stream) == sub.encode()
            kept.append(stream)

        clock.advance(0.99)
        opened("patient")
        # The clock stands, so that its token is always about to end: it is due again and again.
        opened("impatient", exp=NOW + 1)
        opened("another")
        until(lambda: looks["impatient"] > 5)
        service.released.set()
    assert (looks["patient"], looks["another"]) == (2, 2)  # when it was opened, and with its message


def test_messages_on_a_stream_with_an_opaque_token_do_not_ask_the_issuer_one_by_one(clock: SettableClock) -> None:
    questions = []

    def issuer(request: InProcessRequest) -> InProcessAnswer:
        document: dict[str, Any] = {"issuer": ISSUER, "introspection_endpoint": f"{ISSUER}/introspect"}
        if request.method == "POST":
            questions.append(request)
            document = {"active": True, "aud": API, "sub": "user-1", "client_id": "client-1", "exp": NOW + 300}
        return InProcessAnswer(200, {"content-type": "application/json"}, json.dumps(document).encode())

    def requests() -> Iterator[bytes]:
        for _ in range(50):
            yield b"a"
            answered.acquire(timeout=10)
        clock.advance(300)
        yield b"b"

    def acknowledged(messages: Iterator[bytes]) -> Iterator[bytes]:
        for message in messages:
            answered.release()
            yield message

    service, got, answered = Blocking(), list[bytes](), Semaphore(0)
    credentials = ResourceCredentials("orders-api", "s" * 32)
    options = protected(clock, keys=None, introspection=True, credentials=credentials, revocation="off")
    with (
        danger_answer_in_process(ISSUER, issuer),
        blocking_server(ProtectInterceptor(every=60, **options), streams(service)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        repeated = call(channel, "stream_stream", "repeat")(requests(), metadata=metadata("opaque"), timeout=10)
        with pytest.raises(grpc.RpcError) as caught:
            got.extend(acknowledged(repeated))
        error: Any = caught.value
    assert error.details() == "the token has expired"
    assert got == [b"user-1a"] * 50
    assert len(questions) == 2  # when it was opened, and when it had ended
