"""``watchword export``: APIs and clients as a seed file, for another installation."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.terminal import harmless, print_json
from watchword.errors import WatchwordError

NAME = "export"
HELP = "write APIs and clients as a file that `apply` takes elsewhere"


class ReplacementError(WatchwordError):
    """An address cannot be replaced so."""

    code: ClassVar[str] = "usage"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="put the address OLD, and what is below it, at NEW; repeatable",
    )
    parser.add_argument("--output", metavar="FILE", help="where to write (default: standard output)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from watchword.admin.export import export  # noqa: PLC0415  loaded when it is needed
    from watchword.cli.seed_text import seed_text  # noqa: PLC0415

    replacements = [_replacement(given) for given in args.replace]
    found = at_desk(args, lambda desk: export(desk, replacements=replacements))
    if args.json:
        print_json(asdict(found))
        return 0
    text = seed_text(found)
    if args.output is None:
        sys.stdout.write(text)
    else:
        Path(args.output).write_text(text, encoding="utf-8")
        print(f"{args.output}: {len(found.apis)} APIs, {len(found.clients)} clients")
    for one in found.left_out:
        print(harmless(f"left out: {one.kind} {one.name}: {one.reason}"), file=sys.stderr)
    return 0


def _replacement(given: str) -> tuple[str, str]:
    old, equals, new = given.partition("=")
    addresses = (old, new)
    if not equals or any(
        not urlsplit(one).scheme or not urlsplit(one).netloc or one.endswith("/") for one in addresses
    ):
        raise ReplacementError(
            "--replace is like http://localhost:3000=https://shop.example.com, without slashes at the ends"
        )
    return old, new
