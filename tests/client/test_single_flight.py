"""One token request, however many threads and tasks wait for it (issue 3)."""

import asyncio
import os
import threading
from collections import Counter
from typing import Any

import anyio
import httpx2
import pytest
from tests.client.machine_issuer import SECRET, MachineIssuer
from tests.client.waiting import until

from watchword.client.errors import ClientError, TokenRequestError
from watchword.client.httpx2 import ClientCredentials
from watchword.client.renewal import HOLD_OFF
from watchword.client.tokens import TokenSet
from watchword.clock import SettableClock

CROWD = 200


def credentials(machines: MachineIssuer, **changes: Any) -> ClientCredentials:
    options: dict[str, Any] = {"client_id": "worker", "client_secret": SECRET, "resource": machines.api, **changes}
    return ClientCredentials(issuer=machines.issuer, clock=machines.clock, **options)


class Crowd:
    """Threads that all want a token, and what each of them got."""

    def __init__(self, auth: ClientCredentials, size: int) -> None:
        self.got: list[TokenSet | ClientError] = []
        self._auth = auth
        self._barrier = threading.Barrier(size)
        self.threads = [threading.Thread(target=self._want) for _ in range(size)]
        for thread in self.threads:
            thread.start()

    def _want(self) -> None:
        self._barrier.wait()
        try:
            self.got.append(self._auth._source.token())
        except ClientError as error:
            self.got.append(error)

    def finish(self) -> None:
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def waiting(auth: ClientCredentials) -> int:
    """How many threads and tasks wait for the renewal in flight."""
    flight = auth._source._flight
    if flight is None:
        return 0
    with flight._condition:
        return len(flight._condition._waiters) + len(flight._done_callbacks)  # type: ignore[attr-defined]


def test_two_hundred_threads_make_one_token_request(machines: MachineIssuer) -> None:
    machines.gate.clear()
    auth = credentials(machines)
    crowd = Crowd(auth, CROWD)
    until(lambda: waiting(auth) == CROWD)
    machines.gate.set()
    crowd.finish()
    assert machines.counts["token"] == 1
    assert Counter(type(each) for each in crowd.got) == {TokenSet: CROWD}
    assert len({each.access_token for each in crowd.got if isinstance(each, TokenSet)}) == 1


def test_two_hundred_tasks_make_one_token_request(machines: MachineIssuer) -> None:
    auth = credentials(machines)
    statuses: list[int] = []

    async def call(client: httpx2.AsyncClient) -> None:
        statuses.append((await client.get(machines.api)).status_code)

    async def all_at_once() -> None:
        limits = httpx2.Limits(max_connections=20)
        async with httpx2.AsyncClient(auth=auth, trust_env=False, limits=limits, timeout=60) as client:
            machines.gate.clear()
            async with anyio.create_task_group() as group:
                for _ in range(CROWD):
                    group.start_soon(call, client)
                await anyio.to_thread.run_sync(until, lambda: waiting(auth) == CROWD)
                machines.gate.set()

    anyio.run(all_at_once)
    assert statuses == [200] * CROWD
    assert machines.counts["token"] == 1


def test_threads_and_tasks_together_make_one_token_request(machines: MachineIssuer) -> None:
    machines.gate.clear()
    auth = credentials(machines)
    crowd = Crowd(auth, 20)
    got: list[TokenSet] = []

    async def want() -> None:
        got.append(await auth._source.atoken())

    async def loop() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(want)

    loops = [threading.Thread(target=anyio.run, args=(loop,)) for _ in range(2)]
    for thread in loops:
        thread.start()
    until(lambda: waiting(auth) == 60)
    machines.gate.set()
    crowd.finish()
    for thread in loops:
        thread.join(30)
    assert machines.counts["token"] == 1
    assert {each.access_token for each in got} == {
        each.access_token for each in crowd.got if isinstance(each, TokenSet)
    }
    assert len(got) == 40


def test_a_failure_wakes_everybody_with_the_same_error_and_nobody_asks_again_at_once(
    machines: MachineIssuer, clock: SettableClock
) -> None:
    machines.gate.clear()
    machines.behaviour.refuse_with = "invalid_client"
    auth = credentials(machines)
    crowd = Crowd(auth, CROWD)
    until(lambda: waiting(auth) == CROWD)
    machines.gate.set()
    crowd.finish()
    told = [each for each in crowd.got if isinstance(each, TokenRequestError)]
    assert Counter((type(each), each.error, each.status) for each in told) == {
        (TokenRequestError, "invalid_client", 400): CROWD
    }
    assert len({id(each) for each in told}) == CROWD
    for _ in range(50):
        with pytest.raises(TokenRequestError, match="invalid_client"):
            auth._source.token()
    assert machines.counts["token"] == 1
    machines.behaviour.refuse_with = None
    clock.advance(HOLD_OFF)
    assert auth._source.token().access_token in machines.live
    assert machines.counts["token"] == 2


def test_whoever_gives_up_takes_nothing_from_the_others(machines: MachineIssuer) -> None:
    """asyncio: the cancellation of one task, of the very first that asked too, ends no renewal."""
    machines.gate.clear()
    auth = credentials(machines)

    async def story() -> None:
        impatient = [asyncio.create_task(auth._source.atoken()) for _ in range(3)]
        patient = asyncio.create_task(auth._source.atoken())
        await anyio.to_thread.run_sync(until, lambda: waiting(auth) == 4)
        for task in impatient:
            task.cancel()
        await asyncio.wait(impatient)
        assert all(task.cancelled() for task in impatient)
        assert not patient.done()
        machines.gate.set()
        assert (await patient).access_token in machines.live

    asyncio.run(story())
    assert machines.counts["token"] == 1


def test_a_renewal_lands_even_when_its_event_loop_has_ended(machines: MachineIssuer) -> None:
    machines.gate.clear()
    auth = credentials(machines)

    async def give_up() -> None:
        with anyio.move_on_after(0.05):
            await auth._source.atoken()

    anyio.run(give_up)
    machines.gate.set()
    assert auth._source.token().access_token in machines.live
    assert machines.counts["token"] == 1


def test_while_the_old_token_lives_nobody_waits_for_the_new(machines: MachineIssuer, clock: SettableClock) -> None:
    auth = credentials(machines)
    old = auth._source.token()
    clock.advance(240)
    machines.gate.clear()
    assert [auth._source.token() for _ in range(50)] == [old] * 50
    machines.gate.set()
    until(lambda: auth._source.tokens != old)
    assert auth._source.token() != old
    assert machines.counts["token"] == 2


def test_from_the_last_call_on_everybody_waits(machines: MachineIssuer, clock: SettableClock) -> None:
    auth = credentials(machines)
    old = auth._source.token()
    clock.advance(290)
    assert auth._source.token() != old


def test_an_issuer_that_is_away_costs_nothing_while_the_token_lives(
    machines: MachineIssuer, clock: SettableClock
) -> None:
    auth = credentials(machines)
    old = auth._source.token()
    machines.behaviour.token_status = 503
    clock.advance(240)
    for _ in range(20):
        assert auth._source.token() == old
        clock.advance(1)
    until(lambda: auth._source._flight is None)
    clock.advance(60)
    with pytest.raises(TokenRequestError):
        auth._source.token()


def test_without_a_lifetime_a_token_is_used_for_five_minutes(machines: MachineIssuer, clock: SettableClock) -> None:
    machines.behaviour.answer = {"expires_in": None}
    auth = credentials(machines)
    first = auth._source.token()
    clock.advance(200)
    assert auth._source.token() == first
    clock.advance(95)
    assert auth._source.token() != first


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # it is what this test is about
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_wait_for_its_parents_renewal(machines: MachineIssuer) -> None:
    machines.gate.clear()
    auth = credentials(machines)
    thread = threading.Thread(target=auth._source.token)
    thread.start()
    assert machines.asked.wait(10)
    machines.behaviour.answer = {"access_token": "the-childs-own"}
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # the parent holds the gate shut until the child has asked for itself
        try:
            os.write(writing, auth._source.token().access_token.encode())
        finally:
            os._exit(0)
    until(lambda: machines.counts["token"] == 2)
    machines.gate.set()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"the-childs-own"
    os.waitpid(child, 0)
    thread.join(10)
    assert not thread.is_alive()
