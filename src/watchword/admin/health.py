"""Whether an installation is in order: looked at from inside, changing nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import text

from watchword.clock import Clock
from watchword.errors import WatchwordError
from watchword.store.engine import Store
from watchword.store.repositories import signing_keys
from watchword.store.repositories.installation import check_master_key, issuer_of
from watchword.store.repositories.signing_keys import SigningKey
from watchword.store.schema import is_current
from watchword.store.sealing import MasterKey, closed_bits

Verdict = Literal["ok", "warning", "problem"]
MAX_SKEW = 2.0  # seconds between this machine and its database; beyond it, workers stop issuing
ALGORITHMS = ("ES256", "RS256")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``next_step`` says what to do about it, when there is something to do."""

    what: str
    verdict: Verdict
    found: str
    next_step: str | None = None


def look_at_files(paths: list[Path]) -> Iterator[Finding]:
    """Whether secrets at rest are closed to others."""
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            yield Finding(f"file {path.name}", "problem", f"cannot be looked at ({error.strerror})")
            continue
        mode = status.st_mode & 0o777
        if mode & closed_bits(status.st_uid):
            yield Finding(f"file {path.name}", "problem", f"mode {mode:04o}: others can read it", f"chmod go= {path}")
        else:
            yield Finding(f"file {path.name}", "ok", f"mode {mode:04o}")


async def look_at_installation(
    store: Store, *, master_key: MasterKey | None, issuer: str, clock: Clock
) -> list[Finding]:
    """Schema, master key, issuer, keys and clock of the installation in ``store``."""
    try:
        if not await store.read(is_current):
            return [Finding("schema", "problem", "not the one this version needs", "watchword migrate")]
        findings = [Finding("schema", "ok", "current")]
        if store.dialect == "sqlite":
            findings.append(await _look_at_data_file(store))
        findings.append(await _look_at_issuer(store, issuer))
        if master_key is not None:
            findings.append(await _look_at_master_key(store, master_key))
        findings.extend(look_at_keys(await store.read(signing_keys.list_all)))
        findings.append(await _look_at_clock(store, clock))
    except WatchwordError as error:
        return [Finding("database", "problem", error.sentence)]
    return findings


async def _look_at_data_file(store: Store) -> Finding:
    """Read every page (R29): damage that no statement has met yet."""
    said = await store.read(lambda connection: connection.execute(text("PRAGMA quick_check(1)")).scalar())
    if said != "ok":
        return Finding("data file", "problem", "damaged", "restore it from your backup")
    return Finding("data file", "ok", "every page can be read")


async def _look_at_issuer(store: Store, issuer: str) -> Finding:
    recorded = await store.read(issuer_of)
    if recorded is None:
        return Finding("issuer", "problem", "the database is not an installation yet", "watchword migrate")
    if recorded != issuer:
        return Finding("issuer", "problem", f"the installation was made for {recorded}, the settings say {issuer}")
    return Finding("issuer", "ok", issuer)


async def _look_at_master_key(store: Store, master_key: MasterKey) -> Finding:
    try:
        await store.read(lambda connection: check_master_key(connection, master_key))
    except WatchwordError as error:
        return Finding("master key", "problem", error.sentence, "restore the key file from your backup")
    return Finding("master key", "ok", "fits this installation")


def look_at_keys(keys: list[SigningKey]) -> Iterator[Finding]:
    """Whether each algorithm that tokens are signed with has a key that signs, and a successor that is known."""
    for algorithm in ALGORITHMS:
        states = {key.state for key in keys if key.purpose == "token" and key.algorithm == algorithm}
        what = f"signing key {algorithm}"
        if "active" not in states:
            yield Finding(what, "problem", "none is active", "start the issuer: it makes the keys that are missing")
        elif "next" not in states:
            yield Finding(what, "warning", "active, but no successor is published", "the running issuer makes one")
        else:
            yield Finding(what, "ok", "active, its successor is published")


async def _look_at_clock(store: Store, clock: Clock) -> Finding:
    skew = await store.now() - clock.now()
    if abs(skew) > MAX_SKEW:
        return Finding("clock", "problem", f"{skew:+.1f} s from the database's", "synchronise the clocks (NTP)")
    return Finding("clock", "ok", "agrees with the database's")
