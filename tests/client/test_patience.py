"""``Retry-After`` of a token endpoint that answers 429 or 503 is obeyed (RFC 9110 section 10.2.3)."""

import threading
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import anyio
import pytest
from tests.client.libraries import Library
from tests.client.machine_issuer import SECRET, MachineIssuer
from tests.client.test_single_flight import Crowd, waiting
from tests.client.waiting import until

from watchword.client.errors import TokenEndpointBusyError, TokenRequestError
from watchword.client.httpx2 import ClientCredentials, RefreshingTokens
from watchword.client.patience import MAX_PATIENCE, asked_patience
from watchword.client.renewal import DOUBT_OFF, HOLD_OFF
from watchword.client.tokens import TokenSet
from watchword.clock import SettableClock

NOW = 1_790_000_000.0


def options(machines: MachineIssuer) -> dict[str, Any]:
    return {
        "issuer": machines.issuer,
        "client_id": "worker",
        "client_secret": SECRET,
        "resource": machines.api,
        "clock": machines.clock,
    }


def refused(ask: Callable[[], object]) -> TokenEndpointBusyError:
    with pytest.raises(TokenEndpointBusyError) as caught:
        ask()
    return caught.value


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_before_the_moment_the_issuer_names_nobody_asks_and_from_it_on_somebody_does(
    machines: MachineIssuer, clock: SettableClock, status: int, *, as_date: bool
) -> None:
    machines.behaviour.token_status = status
    machines.behaviour.retry_after = formatdate(clock.now() + 60, usegmt=True) if as_date else "60"
    auth = ClientCredentials(**options(machines))
    first = refused(auth._source.token)
    assert (first.code, first.status, first.retry_after) == ("token_endpoint_busy", status, 60)
    machines.behaviour.token_status = 200
    for seconds, left in [(HOLD_OFF, 58), (57.5, 1), (0.4, 1)]:
        clock.advance(seconds)
        told = refused(auth._source.token)
        assert (told.code, told.status, told.retry_after) == ("token_endpoint_busy", status, left)
    assert machines.counts["token"] == 1
    clock.advance(0.1)
    assert auth._source.token().access_token in machines.live
    assert machines.counts["token"] == 2


def test_everybody_who_waits_is_told_at_once(library: Library, machines: MachineIssuer) -> None:
    """200 threads on the one request in flight, and then requests through both libraries, both ways."""
    machines.gate.clear()
    machines.behaviour.token_status, machines.behaviour.retry_after = 503, "30"
    auth = library.client_credentials(**options(machines))
    crowd = Crowd(auth, 200)
    until(lambda: waiting(auth) == 200)
    machines.gate.set()
    crowd.finish()
    told = Counter((type(each), getattr(each, "retry_after", None)) for each in crowd.got)
    assert told == {(TokenEndpointBusyError, 30): 200}
    assert len({id(each) for each in crowd.got}) == 200
    assert refused(lambda: library.call(auth, "GET", machines.api)).retry_after == 30
    assert machines.counts["token"] == 1
    assert machines.calls == []


def test_tasks_that_wait_are_told_at_once(machines: MachineIssuer) -> None:
    machines.gate.clear()
    machines.behaviour.token_status, machines.behaviour.retry_after = 429, "30"
    auth = ClientCredentials(**options(machines))
    told: list[int] = []

    async def want() -> None:
        with pytest.raises(TokenEndpointBusyError) as caught:
            await auth._source.atoken()
        told.append(caught.value.retry_after)

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(want)
            await anyio.to_thread.run_sync(until, lambda: waiting(auth) == 50)
            machines.gate.set()
        await want()

    anyio.run(all_at_once)
    assert told == [30] * 51
    assert machines.counts["token"] == 1


def test_while_the_old_token_lives_it_is_used_and_nobody_asks(machines: MachineIssuer, clock: SettableClock) -> None:
    auth = ClientCredentials(**options(machines))
    old = auth._source.token()
    machines.behaviour.token_status, machines.behaviour.retry_after = 503, "40"
    clock.advance(240)
    assert auth._source.token() == old
    until(lambda: auth._source._flight is None)
    machines.behaviour.token_status = 200
    for _ in range(39):
        clock.advance(1)
        assert auth._source.token() == old
    assert machines.counts["token"] == 2
    clock.advance(1)
    auth._source.token()
    until(lambda: auth._source._flight is None)
    assert auth._source.token() != old
    assert machines.counts["token"] == 3


def test_a_token_that_one_api_refuses_meanwhile_is_not_taken_from_the_others(
    library: Library, machines: MachineIssuer, clock: SettableClock
) -> None:
    """Whom it was refused is told why there is no better one; the rest go on with a token that is good."""
    auth = library.client_credentials(**options(machines))
    old = auth._source.token()
    machines.behaviour.token_status, machines.behaviour.retry_after = 503, "200"
    machines.behaviour.api_refuses_all = True
    assert refused(lambda: library.call(auth, "GET", machines.api)).retry_after == 200
    clock.advance(DOUBT_OFF)
    assert refused(lambda: library.call(auth, "GET", machines.api)).retry_after == 195
    machines.behaviour.api_refuses_all = False
    assert library.call(auth, "GET", machines.api).status_code == 200
    assert auth._source.token() == old
    assert machines.counts["token"] == 2


def people(machines: MachineIssuer, tokens: TokenSet) -> RefreshingTokens:
    kept: list[TokenSet] = []
    return RefreshingTokens(tokens, on_renewed=kept.append, **options(machines))


def test_a_refresh_token_is_kept_and_used_when_the_issuer_may_be_asked_again(
    machines: MachineIssuer, clock: SettableClock
) -> None:
    machines.refresh_tokens["first"] = None
    machines.behaviour.token_status, machines.behaviour.retry_after = 503, "30"
    auth = people(machines, TokenSet("old", 0.0, (), "first"))
    assert refused(auth._source.token).retry_after == 30
    machines.behaviour.token_status = 200
    clock.advance(30)
    assert auth._source.token().access_token in machines.live


@pytest.mark.parametrize("landed", [True, False], ids=["after the answer", "before the answer"])
def test_tokens_that_are_adopted_meanwhile_do_not_end_the_issuers_rest(
    machines: MachineIssuer, clock: SettableClock, *, landed: bool
) -> None:
    machines.refresh_tokens |= {"first": None, "second": None}
    machines.behaviour.token_status, machines.behaviour.retry_after = 503, "30"
    machines.gate.clear()
    auth = people(machines, TokenSet("old", 0.0, (), "first"))
    asking = threading.Thread(target=lambda: refused(auth._source.token) if landed else auth._source.token())
    asking.start()
    assert machines.asked.wait(10)
    if landed:
        machines.gate.set()
        asking.join(10)
    auth.adopt(TokenSet("new", clock.now() + 10, (), "second"))
    machines.gate.set()
    asking.join(10)
    assert not asking.is_alive()
    assert auth._source.token().access_token == "new"
    machines.behaviour.token_status = 200
    clock.advance(20)
    assert refused(auth._source.token).retry_after == 10
    assert machines.counts["token"] == 1
    clock.advance(10)
    assert auth._source.token().access_token in machines.live
    assert machines.counts["token"] == 2


def test_setting_the_machines_clock_does_not_bring_the_moment_nearer(
    machines: MachineIssuer, clock: SettableClock
) -> None:
    machines.behaviour.token_status, machines.behaviour.retry_after = 503, "30"
    auth = ClientCredentials(**options(machines))
    refused(auth._source.token)
    clock.jump(3600)
    assert refused(auth._source.token).retry_after == 30
    assert machines.counts["token"] == 1


@pytest.mark.parametrize("asked", [None, "0", "-5", "soon", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_an_issuer_that_is_busy_and_names_no_moment_is_left_alone_as_after_every_failure(
    machines: MachineIssuer, clock: SettableClock, asked: str | None
) -> None:
    machines.behaviour.token_status, machines.behaviour.retry_after = 503, asked
    auth = ClientCredentials(**options(machines))
    assert refused(auth._source.token).retry_after == HOLD_OFF
    clock.advance(HOLD_OFF)
    refused(auth._source.token)
    assert machines.counts["token"] == 2


@pytest.mark.parametrize("status", [500, 502, 404])
def test_no_other_answer_can_ask_for_patience(machines: MachineIssuer, clock: SettableClock, status: int) -> None:
    machines.behaviour.token_status, machines.behaviour.retry_after = status, "60"
    auth = ClientCredentials(**options(machines))
    with pytest.raises(TokenRequestError) as caught:
        auth._source.token()
    assert caught.value.code == "token_request_refused"
    clock.advance(HOLD_OFF)
    machines.behaviour.token_status = 200
    auth._source.token()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("0", 0),
        ("000000000000000000030", 30),
        ("301", MAX_PATIENCE),
        ("9" * 60, MAX_PATIENCE),
        ("9" * 5000, 0),
        ("Mon, 21 Sep 2026 14:14:00 GMT", 40),
        ("Monday, 21-Sep-26 14:14:00 GMT", 40),
        ("Mon Sep 21 14:14:00 2026", 40),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0),
        ("Tue, 22 Sep 2026 14:14:00 GMT", MAX_PATIENCE),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_PATIENCE),
        ("Mon, 99 Sep 2026 14:14:00 GMT", 0),
        ("Mon, 21 Sep 99999999999 14:14:00 GMT", 0),
        ("", 0),
        ("-1", 0),
        ("1.5", 0),
        ("1e3", 0),
        ("inf", 0),
        ("nan", 0),
        ("\u0663\u0660", 0),
        ("\u00b2", 0),
        ("30, 60", 0),
        ("30s", 0),
        ("\x00", 0),
    ],
)
def test_seconds_and_dates_are_read_and_nothing_else(value: str, seconds: float) -> None:
    assert asked_patience({"retry-after": value}, now=NOW) == seconds


def test_without_the_header_nothing_is_asked() -> None:
    assert asked_patience({}, now=NOW) == 0
