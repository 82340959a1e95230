"""``watchword restore``: after a backup was put back, so that nothing of what was withdrawn since is good again."""

import argparse
import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from watchword.cli.installation import add_configuration_arguments, load_configuration
from watchword.cli.terminal import print_json

if TYPE_CHECKING:
    from watchword.admin.restore import Acknowledged
    from watchword.config import Settings

NAME = "restore"
HELP = "acknowledge that the database was restored from a backup"
_WARNING = (
    "The database was restored from a backup. What was withdrawn since that backup was made is not withdrawn in it.\n"
    "Acknowledging ends every session, grant, refresh token and access token, makes every signing key invalid,\n"
    "forgets every consent, and begins a new journal. Everybody signs in again."
)
_LOST = (
    "lost with what came after the backup, and to be done again by hand: users and clients that were disabled,\n"
    "passwords and client secrets that were changed, roles and scopes that were taken away"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action", required=True)
    acknowledge = actions.add_parser(
        "acknowledge",
        help="end everything that was handed out before, and let the issuer serve again",
        description=_WARNING.replace("\n", " "),
    )
    acknowledge.add_argument("--yes", action="store_true", help="do not ask")
    acknowledge.add_argument("--json", action="store_true", help="print JSON")
    add_configuration_arguments(acknowledge)


def run(args: argparse.Namespace) -> int:
    settings = load_configuration(args).settings
    if not args.yes and not _is_sure():
        print("nothing was done (say --yes where nobody can be asked)", file=sys.stderr)
        return 1
    done = asyncio.run(_acknowledge(settings))
    if args.json:
        print_json(asdict(done))
        return 0
    print(
        f"acknowledged: {done.keys} keys, {done.grants} grants, {done.sessions} sessions and {done.consents} consents "
        f"are good no more; the journal is {done.journal_id} from now on"
    )
    print(_LOST)
    return 0


def _is_sure() -> bool:
    if not sys.stdin.isatty():
        return False
    print(_WARNING)
    return input("Type yes to go on: ").strip() == "yes"


async def _acknowledge(settings: "Settings") -> "Acknowledged":
    from watchword.admin.restore import acknowledge  # noqa: PLC0415  the server is loaded when a command needs it
    from watchword.wiring import open_issuer  # noqa: PLC0415

    opened = await open_issuer(settings, patient=True)
    try:
        return await acknowledge(opened.desk, opened.witness)
    finally:
        await opened.close()
