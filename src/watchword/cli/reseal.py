"""``watchword keys reseal``: from one master key to another while issuers run."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Any

from watchword.cli.installation import load_configuration
from watchword.cli.terminal import print_json
from watchword.clock import SystemClock
from watchword.errors import WatchwordError

if TYPE_CHECKING:
    from watchword.admin.reseal import Resealed
    from watchword.config import Settings


def add_action(actions: Any) -> argparse.ArgumentParser:
    """The action's own parser; `watchword.cli.keys` gives it what all its actions have."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "reseal",
        help="seal everything under the new master key",
        description="Seal everything under the new master key, while keys.previous_master_key_file names the old.",
    )
    parser.set_defaults(action=run)
    return parser


def run(args: argparse.Namespace) -> int:
    settings = load_configuration(args).settings
    done = asyncio.run(_reseal(settings))
    if args.json:
        print_json({"moved": done.moved, "values": done.total, "was_done": done.was_done})
        return 0
    if done.was_done:
        print(f"all {done.total} values are sealed under this master key already")
    else:
        print(f"{done.total} values are sealed under the new master key, {done.moved} of them since just now")
    if settings.keys.previous_master_key_file is not None:
        print("remove keys.previous_master_key_file from the settings of every issuer, then restart them")
    return 0


async def _reseal(settings: "Settings") -> "Resealed":
    from watchword.admin import installation  # noqa: PLC0415  the server is loaded when a command needs it
    from watchword.admin.reseal import reseal  # noqa: PLC0415
    from watchword.store.engine import open_store  # noqa: PLC0415
    from watchword.wiring import find_master_key  # noqa: PLC0415

    store = open_store(settings.database.url, shared=True)
    try:
        found = await installation.look(store)
        if not found.is_current or found.issuer is None:
            raise WatchwordError("the database must be migrated first: run `watchword migrate`")
        key = await find_master_key(settings, store)
        await installation.check(store, key)
        return await reseal(store, key, clock=SystemClock(), tell=_tell)
    finally:
        await store.close()


def _tell(moved: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\rSealing anew {moved} of {total}" + ("\n" if moved == total else ""))
        sys.stderr.flush()
