"""Tokens are kept where only their owner reaches them; a reader never sees half a record."""

import os
import stat
import threading
from pathlib import Path

import pytest

from watchword.client.errors import TokenCacheError
from watchword.client.token_cache import (
    FileTokenCache,
    KeyringTokenCache,
    TokenCache,
    default_directory,
    open_token_cache,
)


class KeyringInMemory:
    """A working backend: what `keyring` asks of one, and no more."""

    def __init__(self) -> None:
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


class LockedKeyring(KeyringInMemory):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("dbus says no, with the secret canary-secret in its text")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "watchword" / "tokens"


@pytest.fixture(params=["file", "keyring"])
def cache(request: pytest.FixtureRequest, directory: Path) -> TokenCache:
    if request.param == "file":
        return FileTokenCache(directory)
    return KeyringTokenCache(KeyringInMemory(), directory)


def test_every_cache_keeps_replaces_and_forgets(cache: TokenCache) -> None:
    assert cache.load("https://api.example.com") is None
    cache.save("https://api.example.com", b"one")
    cache.save("https://api.example.com", b"two \x00\xff")
    cache.save("https://api.example.com/", b"another API")
    assert cache.load("https://api.example.com") == b"two \x00\xff"
    cache.delete("https://api.example.com")
    cache.delete("https://api.example.com")
    assert cache.load("https://api.example.com") is None
    assert cache.load("https://api.example.com/") == b"another API"


def test_every_cache_lets_one_in_at_a_time(cache: TokenCache) -> None:
    inside: list[str] = []
    entered = threading.Event()

    def other() -> None:
        with cache.locked("api"):
            inside.append("other")
        entered.set()

    with cache.locked("api"):
        thread = threading.Thread(target=other)
        thread.start()
        assert not entered.wait(0.1)
        inside.append("first")
    thread.join(10)
    assert inside == ["first", "other"]


def test_locks_of_two_entries_do_not_meet(cache: TokenCache) -> None:
    with cache.locked("one"), cache.locked("two"):
        pass


def test_file_and_directory_are_for_the_owner_only(directory: Path) -> None:
    previous = os.umask(0)
    try:
        FileTokenCache(directory).save("api", b"secret")
    finally:
        os.umask(previous)
    (file,) = directory.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_reach_is_refused(directory: Path, mode: int) -> None:
    cache = FileTokenCache(directory)
    cache.save("api", b"secret")
    next(directory.iterdir()).chmod(mode)
    with pytest.raises(TokenCacheError, match="other users"):
        cache.load("api")


def test_a_directory_that_others_enter_is_refused(directory: Path) -> None:
    cache = FileTokenCache(directory)
    cache.save("api", b"secret")
    directory.chmod(0o755)
    with pytest.raises(TokenCacheError):
        cache.load("api")
    with pytest.raises(TokenCacheError):
        cache.save("api", b"another")


def test_a_link_planted_in_place_of_the_file_is_not_followed(directory: Path, tmp_path: Path) -> None:
    cache = FileTokenCache(directory)
    cache.save("api", b"secret")
    file = next(directory.iterdir())
    target = tmp_path / "elsewhere"
    file.rename(target)
    file.symlink_to(target)
    with pytest.raises(TokenCacheError, match="cannot be opened"):
        cache.load("api")


def test_a_failed_write_leaves_the_old_record(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FileTokenCache(directory)
    cache.save("api", b"old")

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="no space"):
            cache.save("api", b"new")
    assert cache.load("api") == b"old"
    assert len(list(directory.iterdir())) == 1


def test_a_keyring_that_refuses_says_so_without_its_text(directory: Path) -> None:
    with pytest.raises(TokenCacheError) as refused:
        KeyringTokenCache(LockedKeyring(), directory).load("api")
    assert "canary" not in str(refused.value)


def test_a_machine_without_a_real_keyring_gets_files(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends.fail import Keyring as NoKeyring
    from keyring.backends.null import Keyring as ForgettingKeyring

    for backend in (NoKeyring, ForgettingKeyring):
        monkeypatch.setattr(keyring, "get_keyring", backend)
        assert isinstance(open_token_cache(directory), FileTokenCache)


def test_a_real_keyring_is_found_behind_a_chain(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends.libsecret import Keyring as Libsecret
    from keyring.backends.null import Keyring as ForgettingKeyring

    class Chain:
        def __init__(self) -> None:
            self.backends = [make() for make in (ForgettingKeyring, Libsecret)]

    monkeypatch.setattr(keyring, "get_keyring", Chain)
    assert isinstance(open_token_cache(directory), KeyringTokenCache)


def test_the_directory_follows_the_base_directory_standard(tmp_path: Path) -> None:
    assert default_directory("/etc/xdg-of-alice", tmp_path) == Path("/etc/xdg-of-alice/watchword/tokens")
    for absent in (None, "", "relative/path"):
        assert default_directory(absent, tmp_path) == tmp_path / ".config/watchword/tokens"
