"""What a seed file would change, seen before it is changed, and then exactly that in one transaction."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlalchemy import Connection

from watchword.admin import declared, seed
from watchword.admin.declared import Declared, Members
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import AdminError
from watchword.admin.seed import Seeded
from watchword.admin.seed_file import Seed


class PlanOutdatedError(AdminError):
    """The installation has changed since the difference was shown; nothing was applied."""

    code: ClassVar[str] = "plan_outdated"


@dataclass(frozen=True, slots=True)
class Difference:
    """An API or a client that is added or changed; ``members`` are name, before and after of what differs."""

    kind: Literal["api", "client"]
    name: str
    what: Literal["added", "changed"]
    members: tuple[tuple[str, Any, Any], ...]


class _NotKeptError(Exception):
    """Carries what a transaction found out of it, and so undoes it."""

    def __init__(self, found: tuple[Difference, ...]) -> None:
        super().__init__("undone")
        self.found = found


async def plan(desk: AdminDesk, wanted: Seed) -> tuple[Difference, ...]:
    """What applying ``wanted`` would change: it is applied, looked at, and undone.

    Raises:
        InvalidRequestError: it cannot be applied.
    """

    def job(connection: Connection) -> None:
        _, found = _make(connection, desk, wanted)
        raise _NotKeptError(found)

    try:
        await desk.store.write(job)
    except _NotKeptError as undone:
        return undone.found
    raise AssertionError("a transaction that raises is undone")


async def carry_out(desk: AdminDesk, wanted: Seed, shown: tuple[Difference, ...]) -> list[Seeded]:
    """Apply ``wanted``, if that still is what was ``shown``; returns what was made.

    Raises:
        PlanOutdatedError: it would change something else by now; nothing was changed.
        InvalidRequestError: it cannot be applied; nothing was changed.
    """

    def job(connection: Connection) -> list[Seeded]:
        made, found = _make(connection, desk, wanted)
        if found != shown:
            raise PlanOutdatedError("the installation has changed since the difference was shown: look at it again")
        return made

    return await desk.store.write(job)


def _make(connection: Connection, desk: AdminDesk, wanted: Seed) -> tuple[list[Seeded], tuple[Difference, ...]]:
    before = declared.read(connection)
    made = seed.make(connection, desk, wanted)
    return made, differences(before, declared.read(connection))


def differences(before: Declared, after: Declared) -> tuple[Difference, ...]:
    """Everything that ``after`` has otherwise than ``before``; APIs by URL, then clients by name."""
    found = [*_each("api", before.apis, after.apis), *_each("client", before.clients, after.clients)]
    return tuple(sorted(found, key=lambda one: (one.kind, one.name)))


def _each(kind: Literal["api", "client"], before: dict[str, Members], after: dict[str, Members]) -> list[Difference]:
    found = []
    for key, members in after.items():
        old = before.get(key, {})
        changed = tuple(
            (name, old.get(name), value) for name, value in members.items() if key not in before or old[name] != value
        )
        if changed:
            label = members["url" if kind == "api" else "name"]
            found.append(Difference(kind, label, "changed" if key in before else "added", changed))
    return found
