"""A person's tokens, renewed: what is stored when, and what a refused refresh token means (O27, R06)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import SECRET, MachineIssuer
from tests.client.waiting import until

from watchword.client.errors import ClientSettingsError, NotSignedInError, TokenRequestError, TokensNotKeptError
from watchword.client.renewal import HOLD_OFF
from watchword.client.tokens import TokenSet
from watchword.clock import SettableClock


class Storage:
    """Where an application keeps the tokens; it may be out of order."""

    def __init__(self) -> None:
        self.kept: list[TokenSet] = []
        self.failure: BaseException | None = None

    def keep(self, tokens: TokenSet) -> None:
        if self.failure is not None:
            raise self.failure
        self.kept.append(tokens)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as running:
        yield running


def refreshing(library: Library, machines: MachineIssuer, storage: Storage, **changes: Any) -> Any:
    """Tokens that have ended, with the refresh token ``first``."""
    tokens = changes.pop("tokens", TokenSet("old", machines.clock.now(), ("orders:read",), "first", None, "alice"))
    machines.refresh_tokens["first"] = None
    options = {"client_id": "worker", "client_secret": SECRET, "resource": machines.api, **changes}
    return library.refreshing_tokens(
        tokens, on_renewed=storage.keep, issuer=machines.issuer, clock=machines.clock, **options
    )


def test_tokens_that_end_are_renewed_stored_and_used(library: Library, machines: MachineIssuer) -> None:
    storage = Storage()
    auth = refreshing(library, machines, storage)
    assert library.call(auth, "GET", machines.api).status_code == 200
    assert storage.kept == [auth.tokens]
    assert auth.tokens.access_token in machines.live
    assert auth.tokens.refresh_token in machines.refresh_tokens
    assert (auth.tokens.subject, auth.tokens.scopes) == ("alice", ("orders:read",))
    assert machines.token_requests == [
        {"grant_type": "refresh_token", "refresh_token": "first", "resource": machines.api}
    ]


def test_tokens_that_live_are_used_as_they_are(library: Library, machines: MachineIssuer, clock: SettableClock) -> None:
    storage = Storage()
    machines.live["old"] = None
    auth = refreshing(library, machines, storage, tokens=TokenSet("old", clock.now() + 300, (), "first"))
    assert library.call(auth, "GET", machines.api).json() == {"token": "old"}
    assert (storage.kept, machines.token_requests) == ([], [])


def test_a_chain_of_renewals_never_sends_a_refresh_token_twice(machines: MachineIssuer, clock: SettableClock) -> None:
    storage = Storage()
    auth = refreshing(LIBRARIES[0], machines, storage)
    for _ in range(5):
        auth._source.token()
        clock.advance(295)
    sent = [form["refresh_token"] for form in machines.token_requests]
    assert len(set(sent)) == 5
    assert sent[1:] == [tokens.refresh_token for tokens in storage.kept[:-1]]


def test_nothing_is_used_before_it_is_stored(library: Library, machines: MachineIssuer, clock: SettableClock) -> None:
    """A crash between use and storing would leave only a spent refresh token behind. When storing fails, the tokens
    are offered again, and the spent refresh token is not sent again.
    """
    storage = Storage()
    storage.failure = OSError("disk full, says canary")
    auth = refreshing(library, machines, storage)
    with pytest.raises(TokensNotKeptError) as failed:
        library.call(auth, "GET", machines.api)
    assert failed.value.code == "tokens_not_kept"
    assert isinstance(failed.value.__cause__, OSError)
    assert "canary" not in str(failed.value)
    assert (machines.calls, machines.counts["token"]) == ([], 1)
    clock.advance(HOLD_OFF)
    storage.failure = None
    assert library.call(auth, "GET", machines.api).status_code == 200
    assert machines.counts["token"] == 1
    assert [tokens.access_token for tokens in storage.kept] == list(machines.live)


def test_a_callback_that_ends_its_thread_leaves_nobody_waiting(machines: MachineIssuer) -> None:
    storage = Storage()
    storage.failure = SystemExit(1)
    auth = refreshing(LIBRARIES[0], machines, storage)
    with pytest.raises(TokenRequestError):
        auth._source.token()


def test_a_callback_that_needs_the_token_it_is_to_store_is_told_so(machines: MachineIssuer) -> None:
    """Otherwise it would wait for itself."""
    machines.refresh_tokens["first"] = None
    asking: list[Any] = []
    auth = LIBRARIES[0].refreshing_tokens(
        TokenSet("old", 0.0, (), "first"),
        on_renewed=lambda tokens: asking[0]._source.token(),
        issuer=machines.issuer,
        client_id="public",
        resource=machines.api,
        clock=machines.clock,
    )
    asking.append(auth)
    with pytest.raises(TokensNotKeptError) as failed:
        auth._source.token()
    assert "asks for the token that it is to store" in str(failed.value.__cause__)


def test_an_ended_login_is_not_asked_about_again(
    library: Library, machines: MachineIssuer, clock: SettableClock
) -> None:
    """RFC 9700 section 4.14.2: a spent refresh token, sent again, ends what another process has renewed."""
    auth = refreshing(library, machines, Storage())
    machines.refresh_tokens.clear()
    for _ in range(3):
        with pytest.raises(NotSignedInError, match="sign in again"):
            library.call(auth, "GET", machines.api)
        clock.advance(3600)
    assert machines.counts["token"] == 1


def test_after_a_new_login_it_goes_on(library: Library, machines: MachineIssuer) -> None:
    storage = Storage()
    auth = refreshing(library, machines, storage)
    machines.refresh_tokens.clear()
    with pytest.raises(NotSignedInError):
        library.call(auth, "GET", machines.api)
    machines.refresh_tokens["second"] = None
    auth.adopt(TokenSet("old", 0.0, (), "second"))
    assert library.call(auth, "GET", machines.api).status_code == 200


def test_tokens_adopted_during_a_renewal_are_not_overwritten(
    machines: MachineIssuer, clock: SettableClock, executor: ThreadPoolExecutor
) -> None:
    """Nor is their refresh token spent by it; and whoever waited for it gets them."""
    storage = Storage()
    old = TokenSet("old", clock.now() + 301, (), "first")
    auth = refreshing(LIBRARIES[0], machines, storage, tokens=old)
    clock.advance(250)
    machines.gate.clear()
    assert auth._source.token() == old
    flight = auth._source._flight
    assert machines.asked.wait(10)
    waiting = executor.submit(auth._source.better_than, "old")
    until(lambda: len(flight._condition._waiters) == 1)
    adopted = TokenSet("adopted", clock.now() + 300, (), "second")
    auth.adopt(adopted)
    machines.gate.set()
    until(flight.done)
    assert (auth.tokens, storage.kept) == (adopted, [])
    assert waiting.result(10) == adopted
    assert [form["refresh_token"] for form in machines.token_requests] == ["first"]


def test_a_troubled_issuer_ends_no_login(machines: MachineIssuer, clock: SettableClock) -> None:
    auth = refreshing(LIBRARIES[0], machines, Storage())
    machines.behaviour.token_status = 503
    with pytest.raises(TokenRequestError):
        auth._source.token()
    machines.behaviour.token_status = 200
    clock.advance(HOLD_OFF)
    assert auth._source.token().access_token in machines.live


def test_without_a_refresh_token_the_login_ends_with_its_token(machines: MachineIssuer) -> None:
    auth = refreshing(LIBRARIES[0], machines, Storage(), tokens=TokenSet("old", 0.0))
    with pytest.raises(NotSignedInError, match="cannot be renewed"):
        auth._source.token()
    assert machines.token_requests == []


def test_an_issuer_that_does_not_rotate_keeps_its_refresh_token(machines: MachineIssuer) -> None:
    storage = Storage()
    machines.behaviour.answer = {"refresh_token": None}
    auth = refreshing(LIBRARIES[0], machines, storage)
    auth._source.token()
    assert storage.kept[0].refresh_token == "first"


def test_a_public_client_names_itself(machines: MachineIssuer) -> None:
    auth = refreshing(LIBRARIES[0], machines, Storage(), client_id="public", client_secret=None)
    auth._source.token()
    assert machines.token_requests[0]["client_id"] == "public"


@pytest.mark.parametrize("wrong", [None, "store"])
def test_the_callback_is_a_plain_function(machines: MachineIssuer, wrong: Any) -> None:
    async def store(tokens: TokenSet) -> None:
        """Nobody would await it."""

    with pytest.raises(ClientSettingsError, match="plain function"):
        LIBRARIES[0].refreshing_tokens(
            TokenSet("a", 0.0),
            on_renewed=store if wrong else None,
            issuer=machines.issuer,
            client_id="public",
            resource=machines.api,
        )


def test_neither_token_is_shown(machines: MachineIssuer) -> None:
    auth = refreshing(LIBRARIES[0], machines, Storage(), tokens=TokenSet("access-canary", 0.0, (), "refresh-canary"))
    with pytest.raises(NotSignedInError) as ended:
        auth._source.token()
    assert "canary" not in f"{auth!r} {auth.tokens!r} {ended.value!r} {ended.value.__cause__!r} {auth._source!r}"


_HURRIED = """
import sys, json, pathlib
from watchword.client.httpx2 import RefreshingTokens
from watchword.client.tokens import TokenSet
issuer, file = sys.argv[1:]
auth = RefreshingTokens(
    TokenSet("old", 0.0, (), "first"),
    on_renewed=lambda tokens: pathlib.Path(file).write_text(json.dumps(tokens.to_dict())),
    issuer=issuer, client_id="public", origins=[issuer],
)
auth._source.doubt("old")  # a renewal that nobody waits for
input()
"""


def test_a_process_that_ends_keeps_what_it_renewed(machines: MachineIssuer, tmp_path: Path) -> None:
    """Its refresh token is spent as soon as the issuer has read it."""
    machines.refresh_tokens["first"] = None
    machines.gate.clear()
    kept = tmp_path / "tokens.json"
    command = [sys.executable, "-c", _HURRIED, machines.issuer, str(kept)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert machines.asked.wait(20)
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()  # its main thread ends here
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
        machines.gate.set()
    assert process.returncode == 0
    assert TokenSet.from_dict(json.loads(kept.read_text())).refresh_token in machines.refresh_tokens
