"""One refresh, however many threads and processes of one tool want it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.client.toy_issuer import ToyIssuer, toy_issuer

from watchword.client.errors import NotSignedInError, TokenCacheError, TokenRequestError
from watchword.client.refresh import fresh_login
from watchword.client.saved_login import SavedLogin, load_login, save_login
from watchword.client.token_cache import FileTokenCache
from watchword.client.tokens import TokenSet
from watchword.clock import SettableClock, SystemClock


@pytest.fixture
def cache(tmp_path: Path) -> FileTokenCache:
    return FileTokenCache(tmp_path / "tokens")


def keep(cache: FileTokenCache, issuer: ToyIssuer, *, expires_at: float, refresh_token: str | None = "first") -> None:
    tokens = TokenSet("old-token", expires_at, ("orders:read",), refresh_token, None, "alice-id", "Alice")
    if refresh_token is not None:
        issuer.live_refresh_tokens.add(refresh_token)
    save_login(cache, SavedLogin(issuer.api, issuer.issuer, "command-line", issuer.api, tokens))


def test_a_fresh_token_is_used_as_it_is(cache: FileTokenCache, issuer: ToyIssuer, clock: SettableClock) -> None:
    keep(cache, issuer, expires_at=clock.now() + 31)
    assert fresh_login(cache, issuer.api, clock=clock).tokens.access_token == "old-token"
    assert issuer.seen == []


def test_a_token_about_to_end_is_renewed_and_kept(
    cache: FileTokenCache, issuer: ToyIssuer, clock: SettableClock
) -> None:
    keep(cache, issuer, expires_at=clock.now() + 30)
    login = fresh_login(cache, issuer.api, clock=clock)
    assert login.tokens.expires_at == clock.now() + 300
    assert login.tokens.refresh_token != "first"
    assert (login.tokens.subject, login.tokens.name) == ("alice-id", "Alice")
    assert load_login(cache, issuer.api) == login
    _, fields, authorization = issuer.seen[-1]
    assert fields == {
        "grant_type": "refresh_token",
        "refresh_token": "first",
        "resource": issuer.api,
        "client_id": "command-line",
    }
    assert authorization is None


def test_threads_share_one_refresh(cache: FileTokenCache, issuer: ToyIssuer, clock: SettableClock) -> None:
    keep(cache, issuer, expires_at=clock.now())
    found: list[str] = []
    barrier = threading.Barrier(8)

    def use() -> None:
        barrier.wait()
        found.append(fresh_login(cache, issuer.api, clock=clock).tokens.access_token)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert issuer.count("token") == 1


_USE = """
import sys, pathlib
from watchword.client.refresh import fresh_login
from watchword.client.token_cache import FileTokenCache
print(fresh_login(FileTokenCache(pathlib.Path(sys.argv[1])), sys.argv[2]).tokens.access_token)
"""


@pytest.mark.exhaustive
def test_processes_share_one_refresh(tmp_path: Path) -> None:
    clock = SystemClock()
    with toy_issuer(clock) as issuer:
        cache = FileTokenCache(tmp_path / "tokens")
        keep(cache, issuer, expires_at=clock.now())
        command = [sys.executable, "-c", _USE, str(tmp_path / "tokens"), issuer.api]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        printed = [process.communicate(timeout=30)[0].strip() for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0, 0]
        assert len(set(printed)) == 1
        assert printed[0].count(".") == 2
        assert issuer.count("token") == 1


def test_an_ended_login_says_so_and_is_forgotten(
    cache: FileTokenCache, issuer: ToyIssuer, clock: SettableClock
) -> None:
    keep(cache, issuer, expires_at=clock.now())
    issuer.live_refresh_tokens.clear()
    with pytest.raises(NotSignedInError, match="has ended"):
        fresh_login(cache, issuer.api, clock=clock)
    with pytest.raises(NotSignedInError, match="watchword login"):
        fresh_login(cache, issuer.api, clock=clock)
    assert issuer.count("token") == 1


def test_a_troubled_issuer_costs_nobody_their_login(
    cache: FileTokenCache, issuer: ToyIssuer, clock: SettableClock
) -> None:
    keep(cache, issuer, expires_at=clock.now())
    issuer.lies.refuse_tokens_with = "temporarily_unavailable"
    with pytest.raises(TokenRequestError):
        fresh_login(cache, issuer.api, clock=clock)
    issuer.lies.refuse_tokens_with = None
    assert fresh_login(cache, issuer.api, clock=clock).tokens.is_fresh(clock.now())


def test_without_a_refresh_token_the_login_ends_with_its_token(
    cache: FileTokenCache, issuer: ToyIssuer, clock: SettableClock
) -> None:
    keep(cache, issuer, expires_at=clock.now(), refresh_token=None)
    with pytest.raises(NotSignedInError, match="cannot be renewed"):
        fresh_login(cache, issuer.api, clock=clock)


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b"{}", b'{"version":1}', b'{"version":2,"api":"x"}'])
def test_a_damaged_record_is_refused(cache: FileTokenCache, record: bytes) -> None:
    cache.save("x", record)
    with pytest.raises(TokenCacheError):
        load_login(cache, "x")


def test_a_record_of_another_api_is_refused(cache: FileTokenCache, issuer: ToyIssuer, clock: SettableClock) -> None:
    """Somebody copied one file over another: the token would go to an API it is not for."""
    keep(cache, issuer, expires_at=clock.now() + 300)
    cache.save("https://other.example", cache.load(issuer.api) or b"")
    with pytest.raises(TokenCacheError, match="another API"):
        load_login(cache, "https://other.example")
