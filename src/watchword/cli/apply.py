"""``watchword apply``: show what a seed file would change, and then change exactly that."""

import argparse
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from watchword.cli.installation import add_configuration_arguments, at_desk, load_configuration
from watchword.cli.terminal import harmless, print_json, styled
from watchword.errors import WatchwordError

if TYPE_CHECKING:
    from watchword.admin.plan import Difference
    from watchword.admin.seed import Seeded

NAME = "apply"
HELP = "show what a file of APIs and clients would change, then change it"
DIFFERS = 2
_NOT_IN_A_FILE = ("status", "origin", "auth_method")


class NotAppliedError(WatchwordError):
    """Nobody said yes, or the file is not one for this command; nothing was changed."""

    code: ClassVar[str] = "not_applied"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a seed file, such as `watchword export` writes")
    parser.add_argument("--yes", action="store_true", help="apply without asking")
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 2 when something differs")
    parser.add_argument(
        "--secrets-directory",
        metavar="DIR",
        help="write new clients' secrets there (mode 0600) instead of showing them",
    )
    parser.add_argument("--json", action="store_true", help="print JSON; asks nothing")
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from watchword.admin import plan, seed_file  # noqa: PLC0415  loaded when it is needed

    wanted = seed_file.read(Path(args.file), local=load_configuration(args).settings.is_local)
    if wanted.users:
        raise NotAppliedError("users are not applied: make them with `watchword user add`")
    shown = at_desk(args, lambda desk: plan.plan(desk, wanted))
    if not args.json:
        _show(shown)
    if args.check or not shown:
        if args.json:
            print_json({"differences": [asdict(one) for one in shown], "applied": False, "clients": []})
        return DIFFERS if shown and args.check else 0
    if not (args.yes or (not args.json and _says_yes())):
        raise NotAppliedError("nothing was applied: say --yes")
    directory = None if args.secrets_directory is None else _directory(Path(args.secrets_directory))
    made = at_desk(args, lambda desk: plan.carry_out(desk, wanted, shown))
    clients = [_handed_over(one, directory) for one in made if one.client_id is not None]
    if args.json:
        print_json({"differences": [asdict(one) for one in shown], "applied": True, "clients": clients})
        return 0
    print(styled("applied", "green"))
    for client in clients:
        print(f"client {styled(harmless(client['name']), 'bold')}")
        print("\n".join(f"  {name:13}  {value}" for name, value in client.items() if name != "name"))
    if any("client_secret" in client for client in clients):
        print("Secrets are not shown again.")
    return 0


def _show(shown: "tuple[Difference, ...]") -> None:
    if not shown:
        print("nothing differs")
    for one in shown:
        mark, colour = ("+", "green") if one.what == "added" else ("~", "yellow")
        print(styled(f"{mark} {one.kind} {harmless(one.name)}", colour))
        for name, before, after in one.members:
            if one.what == "added" and (after in (None, [], {}, False) or name in _NOT_IN_A_FILE):
                continue
            for line in _lines(name, before, after):
                print(f"    {harmless(line)}")


def _lines(name: str, before: Any, after: Any) -> list[str]:
    """One line for a value, one for each item that a list or a table gains or loses."""
    if isinstance(after, dict):
        before, after = _items(before), _items(after)
    if isinstance(after, list):
        old = before or []
        gained = [f"+ {name}: {_words(item)}" for item in after if item not in old]
        lost = [f"- {name}: {_words(item)}" for item in old if item not in after]
        return [*gained, *lost] or [f"~ {name}: in another order"]
    return [f"  {name}: {_words(after)}" if before is None else f"~ {name}: {_words(before)} → {_words(after)}"]


def _items(table: Any) -> list[str]:
    return [f"{key} {' '.join(values)}" for key, values in (table or {}).items()]


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['name']} ({value['description']})" if value["description"] else str(value["name"])
    return "-" if value is None else str(value)


def _says_yes() -> bool:
    if not sys.stdin.isatty():
        return False
    print("Apply this? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _directory(path: Path) -> Path:
    """A folder that secrets can be written to, looked at before anything is changed.

    Raises:
        NotAppliedError: it cannot be written to.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(path, os.W_OK | os.X_OK):
        raise NotAppliedError("the directory for secrets cannot be written to")
    return path


def _handed_over(made: "Seeded", directory: Path | None) -> dict[str, str]:
    """What is told of a new client; its secret goes into a file of its own where a directory is named."""
    from watchword.store.whole_file import replace_whole  # noqa: PLC0415  loaded when it is needed

    told = {"name": made.name, "client_id": str(made.client_id)}
    if made.secret is None:
        return told
    if directory is None:
        return {**told, "client_secret": made.secret}
    path = directory / f"{re.sub(r'[^A-Za-z0-9]+', '-', made.name).strip('-')[:64] or 'client'}-{made.client_id}"
    replace_whole(path, f"{made.secret}\n".encode())
    return {**told, "secret_file": str(path)}
