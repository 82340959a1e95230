"""How often the tokens of open streams are looked at."""

from collections import Counter
from contextlib import ExitStack
from typing import Any

import grpc
from tests.client.waiting import until
from tests.frameworks.drivers.grpc import SERVICE, blocking_server
from tests.frameworks.protected_api import NOW, protected
from tests.frameworks.test_grpc import Blocking, call, metadata, streams
from tests.frameworks.tokens import token

from watchword.clock import SettableClock
from watchword.grpc import ProtectInterceptor
from watchword.verify.claims import VerifiedClaims
from watchword.verify.conditions import requires


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
