"""Fetching keys from a real server (THREATS J84-J91, R30-R34)."""

import contextlib
import gc
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable

import anyio
import pytest
from tests.slices import sliced
from tests.verify.exhaustion import no_thread_to_be_had
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.tokens import API, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key
from watchword.verify import AsyncVerifier, KeysUnavailableError, VerificationError, Verifier
from watchword.verify.errors import UnknownKeyError
from watchword.verify.key_cache import COOL_DOWN
from watchword.verify.key_source import LOST_AFTER, PublishedKeys


def verifier_of(issuer: LoopbackIssuer, clock: SettableClock) -> Verifier:
    """Reads keys alone: what has been revoked is asked for elsewhere."""
    return Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off")


def token_of(issuer: LoopbackIssuer, key: Key | None = None) -> str:
    return access_token(key or issuer.keys[0], iss=issuer.url, exp=NOW + 1_000_000)


def settle(verifier: Verifier) -> None:
    """Wait until no fetch is under way."""
    keys = verifier._verification.issuers[0].keys
    assert isinstance(keys, PublishedKeys)
    flight = keys._flight
    if flight is not None:
        flight.result(timeout=10)


def test_keys_are_found_through_the_issuer_and_fetched_once(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier = verifier_of(issuer, clock)
    for _ in range(5):
        assert verifier.verify(token_of(issuer)).sub == "user-1"
    assert issuer.requests == ["/.well-known/openid-configuration", "/jwks"]


def test_discovery_is_not_asked_when_the_keys_address_is_given(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier = Verifier(issuer=issuer.url, audience=API, jwks_url=issuer.url + "/jwks", clock=clock, revocation="off")
    verifier.verify(token_of(issuer))
    assert issuer.requests == ["/jwks"]


def test_r32_a_herd_of_threads_makes_one_fetch(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier, token, subjects = verifier_of(issuer, clock), token_of(issuer), []
    issuer.gate.clear()
    threads = [threading.Thread(target=lambda: subjects.append(verifier.verify(token).sub)) for _ in range(20)]
    for thread in threads:
        thread.start()
    issuer.gate.set()
    for thread in threads:
        thread.join()
    assert subjects == ["user-1"] * 20
    assert issuer.jwks_requests == 1


@pytest.mark.anyio
async def test_r32_a_herd_of_tasks_makes_one_fetch(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier, token, subjects = AsyncVerifier(issuer=issuer.url, audience=API, clock=clock), token_of(issuer), []

    async def one() -> None:
        subjects.append((await verifier.verify(token)).sub)

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(one)
    assert subjects == ["user-1"] * 50
    assert issuer.jwks_requests == 1


@pytest.mark.anyio
async def test_a_waiter_that_gives_up_does_not_spoil_it_for_the_others(
    issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    verifier, token, subjects = AsyncVerifier(issuer=issuer.url, audience=API, clock=clock), token_of(issuer), []
    issuer.gate.clear()

    async def patient() -> None:
        subjects.append((await verifier.verify(token)).sub)

    async with anyio.create_task_group() as group:
        group.start_soon(patient)
        with anyio.move_on_after(0.01):
            await verifier.verify(token)
        issuer.gate.set()
    assert subjects == ["user-1"]


def test_j84_unknown_names_are_asked_for_once_in_a_while(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier = verifier_of(issuer, clock)
    verifier.verify(token_of(issuer))
    stranger = Key.generate("ES256")
    for _ in range(1000):
        with pytest.raises(UnknownKeyError):
            verifier.verify(token_of(issuer, stranger))
    assert issuer.jwks_requests == 1
    clock.advance(COOL_DOWN)
    for _ in range(1000):
        with pytest.raises(UnknownKeyError):
            verifier.verify(token_of(issuer, stranger))
    assert issuer.jwks_requests == 2


def test_r32_whoever_joins_a_fetch_for_an_unknown_name_is_soon_told_to_come_back(
    issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    verifier = verifier_of(issuer, clock)
    verifier.verify(token_of(issuer))
    clock.advance(COOL_DOWN)
    issuer.keys.append(Key.generate("ES256"))
    token, subjects = token_of(issuer, issuer.keys[1]), []
    issuer.gate.clear()
    first = threading.Thread(target=lambda: subjects.append(verifier.verify(token).sub))
    first.start()
    while issuer.jwks_requests < 2:
        first.join(0.01)
    with pytest.raises(KeysUnavailableError):
        verifier.verify(token)
    assert verifier.verify(token_of(issuer)).sub == "user-1"
    issuer.gate.set()
    first.join()
    assert subjects == ["user-1"]
    assert verifier.verify(token).sub == "user-1"


def test_a_token_that_no_key_could_save_causes_no_fetch(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier = verifier_of(issuer, clock)
    for token in ("x", token_of(issuer, Key.generate("HS256")), "a.b.c"):
        with pytest.raises(VerificationError):
            verifier.verify(token)
    assert issuer.requests == []


def test_a_rotated_key_is_found_and_the_old_one_still_works(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier = verifier_of(issuer, clock)
    old = issuer.keys[0]
    verifier.verify(token_of(issuer))
    issuer.keys.append(Key.generate("ES256"))
    clock.advance(COOL_DOWN)
    verifier.verify(token_of(issuer, issuer.keys[1]))
    verifier.verify(token_of(issuer, old))


def test_j90_a_removed_key_is_refused_when_the_set_is_renewed(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    issuer.headers = {"cache-control": "max-age=60"}
    verifier = verifier_of(issuer, clock)
    token = token_of(issuer)
    verifier.verify(token)
    issuer.keys = [Key.generate("ES256")]
    clock.advance(48)
    issuer.gate.clear()
    verifier.verify(token)
    issuer.gate.set()
    settle(verifier)
    with pytest.raises(UnknownKeyError):
        verifier.verify(token)


MISBEHAVIOURS: dict[str, Callable[[LoopbackIssuer], None]] = {
    "500": lambda issuer: issuer.fails(500),
    "429": lambda issuer: issuer.fails(429),
    "404": lambda issuer: issuer.fails(404),
    "redirect": lambda issuer: setattr(
        issuer, "answer", lambda path: (301, {"location": "/elsewhere"}, b"") if path == "/jwks" else None
    ),
    "page": lambda issuer: setattr(
        issuer, "answer", lambda path: (200, {"content-type": "text/html"}, b"<html>") if path == "/jwks" else None
    ),
    "compressed": lambda issuer: setattr(
        issuer,
        "answer",
        lambda path: (
            (200, {"content-type": "application/json", "content-encoding": "gzip"}, b"\x1f\x8b")
            if path == "/jwks"
            else None
        ),
    ),
    "truncated": lambda issuer: issuer.serves(b'{"keys": ['),
    "empty": lambda issuer: issuer.serves({"keys": []}),
    "no set": lambda issuer: issuer.serves([]),
    "enormous": lambda issuer: issuer.serves({"keys": [], "x": "y" * 300_000}),
    "deep": lambda issuer: issuer.serves(b'{"keys":' + b"[" * 10_000),
    "secret": lambda issuer: issuer.serves({"keys": [Key.generate("HS256").to_dict(private=True)]}),
    "impostor": lambda issuer: issuer.serves({"keys": [Key.generate("ES256", kid=issuer.keys[0].kid).to_dict()]}),
}


@pytest.mark.parametrize("name", sliced(MISBEHAVIOURS, fast=("truncated", "impostor")))
def test_j85_r30_r31_a_misbehaving_issuer_costs_good_tokens_nothing(
    name: str, issuer: LoopbackIssuer, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    verifier, token = verifier_of(issuer, clock), token_of(issuer)
    verifier.verify(token)
    MISBEHAVIOURS[name](issuer)
    for _ in range(20):
        clock.advance(200)
        assert verifier.verify(token).sub == "user-1"
        settle(verifier)
    assert issuer.jwks_requests > 5
    assert "could not be fetched" in caplog.text
    issuer.recovers()
    clock.advance(200)
    verifier.verify(token)
    settle(verifier)
    assert verifier.verify(token).sub == "user-1"


def test_without_any_keys_the_answer_is_that_they_are_not_there(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    verifier = verifier_of(issuer, clock)
    issuer.fails()
    with pytest.raises(KeysUnavailableError):
        verifier.verify(token_of(issuer))
    issuer.recovers()
    clock.advance(1)
    assert verifier.verify(token_of(issuer)).sub == "user-1"


def test_j91_metadata_of_another_issuer_is_not_believed(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    issuer.serves(
        {"issuer": issuer.url + "/", "jwks_uri": issuer.url + "/jwks"}, path="/.well-known/openid-configuration"
    )
    with pytest.raises(KeysUnavailableError):
        verifier_of(issuer, clock).verify(token_of(issuer))
    assert issuer.jwks_requests == 0


def test_name_is_not_address(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    """The issuer calls itself by a name that cannot be resolved here, and is fetched at the address given."""
    issuer.issuer = "https://auth.example.com"
    verifier = Verifier(
        issuer="https://auth.example.com",
        audience=API,
        metadata_url=issuer.url + "/.well-known/openid-configuration",
        clock=clock,
    )
    assert verifier.verify(access_token(issuer.keys[0], iss="https://auth.example.com")).sub == "user-1"
    with pytest.raises(VerificationError):
        verifier.verify(access_token(issuer.keys[0], iss=issuer.url))


def test_an_address_chosen_by_the_document_must_be_public(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    """J87: the metadata points at another service of this machine, which sees nothing."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(0.2)
        elsewhere = f"https://127.0.0.1:{listener.getsockname()[1]}/jwks"
        issuer.serves({"issuer": issuer.url, "jwks_uri": elsewhere}, path="/.well-known/openid-configuration")
        with pytest.raises(KeysUnavailableError):
            verifier_of(issuer, clock).verify(token_of(issuer))
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_child_fetches_for_itself_though_the_parents_lock_is_held(
    issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    """The parent's fetch, under way at the fork, never lands in the child."""
    verifier, token = verifier_of(issuer, clock), token_of(issuer)
    issuer.gate.clear()
    waiting = threading.Thread(target=lambda: verifier.verify(token))
    waiting.start()
    while not issuer.requests:
        waiting.join(0.01)
    keys = verifier._verification.issuers[0].keys
    assert isinstance(keys, PublishedKeys)
    keys._lock.acquire()  # by a thread that does not exist in the child
    keys._forget_the_parent()  # what os.register_at_fork calls there
    issuer.gate.set()
    assert verifier.verify(token).sub == "user-1"
    waiting.join()


FORK = """
import os, signal, sys, threading, time
from watchword.clock import SettableClock
from watchword.verify import Verifier

issuer, now, audience, token = sys.argv[1:]
verifier = Verifier(issuer=issuer, audience=audience, clock=SettableClock(float(now)))
waiting = threading.Thread(target=verifier.verify, args=(token,))
waiting.start()
while verifier._verification.issuers[0].keys._flight is None:
    time.sleep(0.001)
child = os.fork()
if child == 0:
    signal.alarm(10)
    try:
        os._exit(0 if verifier.verify(token).sub == "user-1" else 1)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(2)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
waiting.join()
sys.exit(status)
"""


def test_a_forked_child_fetches_for_itself(issuer: LoopbackIssuer) -> None:
    """A real fork, in a process of its own, with the parent's fetch under way."""
    issuer.gate.clear()
    # From Python 3.12 on, forking beside threads warns: it is what this test is about.
    arguments = [
        sys.executable,
        "-W",
        "ignore::DeprecationWarning",
        "-c",
        FORK,
        issuer.url,
        str(NOW),
        API,
        token_of(issuer),
    ]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
        for _ in range(1000):
            if len(issuer.requests) == 2 or process.poll() is not None:  # the parent's and the child's
                break
            threading.Event().wait(0.01)
        issuer.gate.set()
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")
    assert issuer.jwks_requests == 2


def test_without_a_thread_to_be_had_it_fails_and_heals(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    """R30: a fetch that could not begin must not be waited for, now or ever."""
    verifier, token = verifier_of(issuer, clock), token_of(issuer)
    with no_thread_to_be_had(), pytest.raises(KeysUnavailableError):
        verifier.verify(token)
    clock.advance(1)
    assert verifier.verify(token).sub == "user-1"


def test_a_fetch_that_never_lands_does_not_keep_another_from_beginning(
    issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    """R30: its name server is silent, or its thread is gone."""
    verifier, token = verifier_of(issuer, clock), token_of(issuer)
    issuer.gate.clear()
    lost = threading.Thread(target=lambda: verifier.verify(token))
    lost.start()
    while not issuer.requests:
        lost.join(0.01)
    clock.advance(LOST_AFTER)
    with pytest.raises(KeysUnavailableError):
        verifier.verify(token)  # at once: it is too early for another
    clock.advance(COOL_DOWN - LOST_AFTER)
    second = threading.Thread(target=lambda: verifier.verify(token))
    second.start()
    while len(issuer.requests) < 2:
        second.join(0.01)
    issuer.gate.set()
    second.join()
    lost.join()
    assert verifier.verify(token).sub == "user-1"


def test_a_verifier_that_nobody_uses_is_let_go(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    sources = weakref.WeakSet([verifier_of(issuer, clock)._verification.issuers[0].keys for _ in range(3)])
    gc.collect()
    assert len(sources) == 0
