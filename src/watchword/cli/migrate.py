"""``watchword migrate``: bring the database to the schema this version needs, and make it an installation."""

import argparse
import asyncio
import sqlite3
from typing import TYPE_CHECKING

from watchword.cli.installation import add_configuration_arguments, load_configuration
from watchword.cli.terminal import print_json, progress
from watchword.clock import SystemClock

if TYPE_CHECKING:
    from watchword.config import Settings

NAME = "migrate"
HELP = "bring the database to the schema this version needs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--schema-only", action="store_true", help="leave the installation's own records alone")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    settings = load_configuration(args).settings
    with progress("Migrating the database"):
        revision = _migrate(settings.database.url)
        if not args.schema_only:
            asyncio.run(_initialise(settings))
    if args.json:
        print_json({"revision": revision})
    else:
        print(f"the database is at revision {revision}")
    return 0


def _migrate(url: str) -> str:
    from watchword.store.errors import StoreError, StoreUnavailableError  # noqa: PLC0415  loaded when it is needed
    from watchword.store.schema import migrate  # noqa: PLC0415

    try:
        return migrate(url)
    except Exception as error:
        # Of the drivers nothing may be named here, and a driver's text may repeat the URL with its password.
        if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in {"asyncpg", "sqlalchemy"}:
            cause = getattr(error, "orig", None)
            if isinstance(cause, sqlite3.Error):  # "database or disk is full"
                raise StoreError(f"the data file cannot be written ({cause})") from error
            raise StoreUnavailableError("the database does not answer, or refuses us") from error
        raise


async def _initialise(settings: "Settings") -> None:
    from watchword.admin import installation  # noqa: PLC0415  loaded when it is needed
    from watchword.store.engine import open_store  # noqa: PLC0415
    from watchword.wiring import ensure_installation  # noqa: PLC0415

    store = open_store(settings.database.url)
    try:
        is_new = (await installation.look(store)).issuer is None
        await ensure_installation(settings, store, now=SystemClock().now())
        if is_new and settings.witness_file is not None:
            settings.witness_file.unlink(missing_ok=True)  # it remembers an installation that is no more
    finally:
        await store.close()
