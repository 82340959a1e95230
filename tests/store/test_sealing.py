"""The master key: envelopes that open for one key and one purpose, and files that are closed to others."""

import copy
import os
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.store.errors import MasterKeyError
from watchword.store.sealing import MasterKey

KEY = MasterKey(bytes(range(32)))
OTHER = MasterKey(bytes(range(1, 33)))


@given(st.binary(max_size=200), st.text(max_size=30))
def test_what_is_sealed_opens_again(plaintext: bytes, purpose: str) -> None:
    assert KEY.open(KEY.seal(plaintext, purpose=purpose), purpose=purpose) == plaintext


def test_an_envelope_opens_for_its_own_purpose_and_key_only() -> None:
    sealed = KEY.seal(b"secret", purpose="csrf")
    for key, purpose in ((KEY, "refresh"), (KEY, ""), (OTHER, "csrf")):
        with pytest.raises(MasterKeyError):
            key.open(sealed, purpose=purpose)


def test_every_changed_bit_and_every_missing_byte_is_noticed() -> None:
    sealed = KEY.seal(b"secret", purpose="csrf")
    changed = [
        sealed[:place] + bytes([sealed[place] ^ 1 << bit]) + sealed[place + 1 :]
        for place in range(len(sealed))
        for bit in range(8)
    ]
    cut = [sealed[:length] for length in range(len(sealed))]
    for damaged in (*changed, *cut, sealed + b"\0"):
        with pytest.raises(MasterKeyError):
            KEY.open(damaged, purpose="csrf")


def test_two_envelopes_of_one_text_differ() -> None:
    assert KEY.seal(b"secret", purpose="csrf") != KEY.seal(b"secret", purpose="csrf")


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(MasterKeyError):
        MasterKey(bytes(length))


def test_a_generated_file_is_private_and_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    previous = os.umask(0)
    try:
        made = MasterKey.generate_file(path)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = made.seal(b"secret", purpose="csrf")
    assert MasterKey.from_file(path).open(sealed, purpose="csrf") == b"secret"


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    """A lost key is not answered by a new one: what it sealed would be lost for good."""
    path = tmp_path / "master.key"
    MasterKey.generate_file(path)
    before = path.read_bytes()
    with pytest.raises(MasterKeyError):
        MasterKey.generate_file(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o601])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate_file(path)
    path.chmod(mode)
    with pytest.raises(MasterKeyError, match="closed to others"):
        MasterKey.from_file(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused_unless_it_is_roots(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate_file(path)
    os.chown(path, 65534, 65534)
    with pytest.raises(MasterKeyError, match="another user"):
        MasterKey.from_file(path)


def test_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with pytest.raises(MasterKeyError, match="missing"):
        MasterKey.from_file(path)
    assert not path.exists()


VALID = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def test_the_text_form_is_base64url_of_32_bytes() -> None:
    sealed = MasterKey.from_text(f" {VALID}\n").seal(b"secret", purpose="csrf")
    assert KEY.open(sealed, purpose="csrf") == b"secret"


@pytest.mark.parametrize(
    "text",
    [
        "",
        VALID + "=",
        VALID[:-1],
        VALID[:-1] + "9",  # unused bits set: another spelling of the same bytes
        VALID[:-1] + "\u0668",
        "!" + VALID[1:],
        VALID + VALID,
        "x" * 5000,
    ],
)
def test_other_texts_are_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(MasterKeyError) as from_text:
        MasterKey.from_text(text)
    path = tmp_path / "master.key"
    path.touch(0o600)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MasterKeyError) as from_file:
        MasterKey.from_file(path)
    for caught in (from_text, from_file):
        assert not text or text not in str(caught.value)
        assert not text or text not in (caught.value.detail or "")


def test_a_key_shows_and_gives_away_nothing() -> None:
    """J23: neither ``repr`` nor pickle nor a copy lets the key out."""
    assert VALID not in repr(KEY)
    assert VALID not in str(KEY)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(KEY)
