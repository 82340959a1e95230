"""Statements that run with every token: compiled once for each database, then run by its driver itself.

SQLAlchemy takes about ten times as long around such a statement as SQLite takes for it. Text, values and
conversions are SQLAlchemy's all the same, and so are the errors.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Delete, Dialect, Float, Insert, Select, Update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.util import await_only

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one database takes it.

    ``binds`` says for each place in the text the name of its value, the value if the statement brings it, and how the
    driver wants it; ``converted`` which columns of a row are not yet what SQLAlchemy would give.
    """

    text: str
    binds: tuple[tuple[str | None, Any, Convert | None], ...]
    converted: tuple[tuple[int, Convert], ...]
    make: Callable[[Sequence[Any]], Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        return [
            constant if name is None else values[name] if convert is None else convert(values[name])
            for name, constant, convert in self.binds
        ]

    def row(self, found: Sequence[Any]) -> Any:
        cells = list(found)
        for position, convert in self.converted:
            cells[position] = convert(cells[position])
        return self.make(cells)


class Prepared:
    """``statement``, whose values are `bindparam` by name; rows come as named tuples.

    Runs in the transaction of a store's job, as any other statement there.
    """

    def __init__(self, statement: Select[Any, *tuple[Any, ...]] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The first row, None when there is none.

        Args:
            connection: the caller's transaction.
            values: for every `bindparam` of the statement.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refused.
        """
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Every row; arguments and errors are those of `first`."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, dialect)
        run = _run_on_sqlite if dialect.name == "sqlite" else _run_on_postgres
        found = run(connection.connection.driver_connection, compiled.text, compiled.arguments(values))
        return [compiled.row(row) for row in found]


def _run_on_sqlite(driver: Any, text: str, arguments: list[Any]) -> Sequence[Sequence[Any]]:
    try:
        return cast("list[tuple[Any, ...]]", driver.execute(text, arguments).fetchall())
    except sqlite3.Error as error:
        raise DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True) from error


def _run_on_postgres(driver: Any, text: str, arguments: list[Any]) -> Sequence[Sequence[Any]]:
    try:
        return cast("Sequence[Sequence[Any]]", await_only(driver.fetch(text, *arguments)))
    except (TimeoutError, OSError):  # of the wire and not of the database: the store knows them
        raise
    except Exception as error:
        # https://www.postgresql.org/docs/current/errcodes-appendix.html: class 23 is integrity.
        broken = str(getattr(error, "sqlstate", "")).startswith("23")
        kind = IntegrityError if broken else DBAPIError
        raise kind(text, None, error, hide_parameters=True, connection_invalidated=driver.is_closed()) from error


def _compile(statement: Select[Any, *tuple[Any, ...]] | Insert | Update | Delete, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    assert compiled.positiontup is not None, "both drivers number their parameters"
    assert not compiled.post_compile_params, "a list of values gives a statement of another length each time"
    binds: list[tuple[str | None, Any, Convert | None]] = []
    for name in compiled.positiontup:
        bind = compiled.binds[name]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if bind.required or bind.value is None:
            binds.append((bind.key, None, convert))
        else:
            constant = bind.value if convert is None else convert(bind.value)
            binds.append((None, constant, None))
    columns = list(statement.exported_columns)
    converters = [
        # Both drivers answer with floats; SQLAlchemy would ask for the wire's type, which nobody has yet.
        None if isinstance(column.type, Float) else column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in columns
    ]
    row = namedtuple("Row", [str(column.key) for column in columns], rename=True)  # type: ignore[misc]  # noqa: PYI024
    return _Compiled(
        text=str(compiled),
        binds=tuple(binds),
        converted=tuple((number, convert) for number, convert in enumerate(converters) if convert is not None),
        make=row._make,
    )
