"""The algorithms that tokens are signed with, as operators want them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from watchword.store.tables import apis, clients, signing_algorithms


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningAlgorithm:
    """One algorithm of the ring. Times are UTC epoch seconds.

    Args:
        algorithm: its name.
        added_at: since when.
        founding: there before any token, so that its first key had nothing to wait for.
        is_default: signs the access tokens of APIs that chose none.
    """

    algorithm: str
    added_at: float
    founding: bool
    is_default: bool


def list_all(connection: Connection) -> list[SigningAlgorithm]:
    """Every algorithm that the ring holds, oldest first; none before the issuer's first start."""
    columns = signing_algorithms.c
    rows = connection.execute(select(signing_algorithms).order_by(columns.added_at, columns.algorithm))
    return [
        SigningAlgorithm(
            algorithm=row.algorithm, added_at=row.added_at, founding=bool(row.founding), is_default=bool(row.is_default)
        )
        for row in rows
    ]


def find(connection: Connection, algorithm: str) -> SigningAlgorithm | None:
    """The ring's entry for ``algorithm``; None when it holds no such keys."""
    return next((one for one in list_all(connection) if one.algorithm == algorithm), None)


def add(connection: Connection, one: SigningAlgorithm) -> None:
    """Write ``one``."""
    connection.execute(
        insert(signing_algorithms).values({name: getattr(one, name) for name in SigningAlgorithm.__dataclass_fields__})
    )


def remove(connection: Connection, algorithm: str) -> bool:
    """Take ``algorithm`` out; False when it was not there."""
    statement = delete(signing_algorithms).where(signing_algorithms.c.algorithm == algorithm)
    return connection.execute(statement).rowcount == 1


def make_default(connection: Connection, algorithm: str) -> None:
    """Let ``algorithm``, which is there, sign the access tokens of APIs that chose none."""
    columns = signing_algorithms.c
    connection.execute(update(signing_algorithms).where(columns.is_default).values(is_default=False))
    connection.execute(update(signing_algorithms).where(columns.algorithm == algorithm).values(is_default=True))


def chosen_by_apis(connection: Connection) -> dict[str, list[str]]:
    """The identifiers of the APIs that chose each algorithm, disabled ones too: they may come back."""
    chosen = apis.c.signing_alg
    statement = select(chosen, apis.c.identifier).where(chosen.is_not(None)).order_by(apis.c.identifier)
    return _grouped(connection.execute(statement))


def chosen_by_clients(connection: Connection) -> dict[str, list[str]]:
    """The names of the clients whose ID tokens each algorithm signs, disabled ones too."""
    statement = (
        select(clients.c.id_token_alg, clients.c.name).where(clients.c.status != "deleted").order_by(clients.c.name)
    )
    return _grouped(connection.execute(statement))


def _grouped(rows: Iterable[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for algorithm, name in rows:
        found.setdefault(algorithm, []).append(name)
    return found
