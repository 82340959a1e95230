"""Whether an installation is in order: looked at from inside, changing nothing."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, text

from watchword.admin import restore
from watchword.admin.clients import FOUNDING
from watchword.clock import Clock
from watchword.errors import WatchwordError
from watchword.issuer.keys.agreed_time import MAX_SKEW
from watchword.store.engine import Store
from watchword.store.errors import SchemaAheadError, SchemaBehindError
from watchword.store.repositories import signing_algorithms, signing_keys
from watchword.store.repositories.installation import check_master_key, issuer_of
from watchword.store.repositories.sealed_values import check_of
from watchword.store.repositories.signing_keys import SigningKey
from watchword.store.schema import HEAD, check_current, current_revision
from watchword.store.sealing import MasterKey, closed_bits

Verdict = Literal["ok", "warning", "problem"]


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
        try:
            await store.read(check_current)
        except SchemaBehindError:
            return [Finding("schema", "problem", "not the one this version needs", "watchword migrate")]
        except SchemaAheadError as error:
            return [Finding("schema", "problem", error.sentence, "install the newer version")]
        is_newer = await store.read(current_revision) != HEAD
        told = "newer than this version, which it allows: finish the upgrade" if is_newer else "current"
        findings = [Finding("schema", "ok", told)]
        if store.dialect == "sqlite":
            findings.append(await _look_at_data_file(store))
        findings.append(await _look_at_issuer(store, issuer))
        if master_key is not None:
            findings.append(await _look_at_master_key(store, master_key))
        findings.extend(await store.read(look_at_ring))
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
    check = await store.read(check_of)
    if not master_key.opens_alone(check.sealed, purpose=check.purpose):
        step = "watchword keys reseal"
        return Finding("master key", "warning", "the installation is still sealed under the previous one", step)
    return Finding("master key", "ok", "fits this installation")


async def look_at_witness(store: Store, *, master_key: MasterKey, path: Path | None) -> Finding:
    """Whether the database is the one it was, and whether anybody could tell if it were not."""
    if path is None:
        step = "set database.witness_file to a path outside the database and its backups"
        return Finding("witness", "warning", "none: an older copy of the database would be served", step)
    try:
        judgement = await restore.look(store, master_key, path)
    except WatchwordError as error:
        return Finding("witness", "problem", error.sentence)
    if judgement.verdict == "restored":
        step = "watchword restore acknowledge"
        return Finding("witness", "problem", f"the database is an older copy: {judgement.reason}", step)
    if not await asyncio.to_thread(path.exists):
        return Finding("witness", "ok", "begins with the next start")
    return Finding("witness", "ok", "the database is the one it was")


def look_at_ring(connection: Connection) -> tuple[Finding, ...]:
    """`look_at_keys` of every algorithm that the ring holds, or will begin with."""
    held = [one.algorithm for one in signing_algorithms.list_all(connection)]
    return tuple(look_at_keys(signing_keys.list_all(connection), held or FOUNDING))


def look_at_keys(keys: Sequence[SigningKey], algorithms: Sequence[str]) -> Iterator[Finding]:
    """Whether each algorithm that tokens are signed with has a key that signs, and a successor that is known."""
    for algorithm in algorithms:
        states = {key.state for key in keys if key.purpose == "token" and key.algorithm == algorithm}
        what = f"signing key {algorithm}"
        if states == {"next"}:
            yield Finding(what, "ok", "published, and signs once every cache must have seen it")
        elif "active" not in states:
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
