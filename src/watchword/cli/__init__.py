"""The terminal edge: one file for each command, with ``NAME``, ``HELP``, ``add_arguments`` and ``run``.

A command's module imports nothing heavy; what it needs of the server it imports when it runs. Only the command that
was asked for is imported at all.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any, Protocol, cast

from watchword import __version__

COMMANDS = (
    "up",
    "init",
    "serve",
    "migrate",
    "backup",
    "restore",
    "api",
    "client",
    "user",
    "keys",
    "revoke",
    "login",
    "token",
    "config",
    "doctor",
)


class Command(Protocol):
    """What a command's module holds."""

    NAME: str
    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status: 0 done, 1 not done (and why), 2 asked for wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        parser = _parser(given)
        if not given:
            parser.print_help()
            return 2
        args = parser.parse_args(given)
        return cast("Command", args.command).run(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: nobody is left to tell
        return 1
    except Exception as error:
        # An interrupt while this loads is to be caught above.
        from watchword.cli.failures import exit_status, explain  # noqa: PLC0415

        lines = explain(error)
        if lines is None:
            raise
        print("\n".join(lines), file=sys.stderr)
        return exit_status(error)


def load(name: str) -> Command:
    """The module of the command ``name``."""
    return cast("Command", importlib.import_module(f"watchword.cli.{name}"))


class _Parser(argparse.ArgumentParser):
    """No abbreviations: ``--password`` must not be understood as ``--password-file`` and name a password aloud."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "allow_abbrev": False})


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="watchword",
        description="JWT authentication for Python teams, whole. `watchword up` shows all of it on your machine.",
    )
    parser.add_argument("--version", action="version", version=f"watchword {__version__}")
    chosen = [given[0]] if given and given[0] in COMMANDS else list(COMMANDS)
    subparsers = parser.add_subparsers(title="commands", metavar="command", required=True)
    for name in chosen:
        command = load(name)
        subparser = subparsers.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(command=command)
    return parser
