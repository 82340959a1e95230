"""``watchword keys algorithm``: which algorithms sign tokens."""

import argparse
from typing import TYPE_CHECKING

from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.moments import moment
from watchword.cli.terminal import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from watchword.admin.desk import AdminDesk

_CHANGES = {
    "add": ("publish a key for one more algorithm", "{} is published, and signs once every cache must have seen it"),
    "remove": ("sign nothing more with an algorithm", "nothing more is signed with {}; what was stays good"),
    "default": (
        "sign the access tokens of every API that chose no other",
        "access tokens are signed with {} from now on, unless their API chose another",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions below ``watchword keys algorithm``."""
    actions = parser.add_subparsers(metavar="what", required=True)
    listing = actions.add_parser("list", help="list them", description="List the algorithms that sign tokens.")
    listing.set_defaults(action=_list)
    _add_common(listing)
    for name, (text, _) in _CHANGES.items():
        change = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        change.add_argument("algorithm", help="such as Ed25519, PS256 or ML-DSA-65")
        change.set_defaults(action=_change, change=name)
        _add_common(change)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_configuration_arguments(parser)


def _list(args: argparse.Namespace) -> int:
    from watchword.admin.keys import list_algorithms  # noqa: PLC0415  loaded when it is needed

    found = at_desk(args, list_algorithms)
    if args.json:
        print_json(
            [
                {
                    "algorithm": one.name,
                    "signs": one.signs,
                    "signs_from": one.signs_from,
                    "default": one.is_default,
                    "apis": list(one.apis),
                    "clients": list(one.clients),
                }
                for one in found
            ]
        )
        return 0
    rows = [
        (
            one.name,
            "signs" if one.signs else f"signs from {moment(one.signs_from)}",
            "yes" if one.is_default else "-",
            ", ".join(one.apis) or "-",
            ", ".join(one.clients) or "-",
        )
        for one in found
    ]
    print_table(
        ("ALG", "NOW", "DEFAULT", "APIS", "ID TOKENS OF"), rows, empty="no algorithms yet: start the issuer once"
    )
    return 0


def _change(args: argparse.Namespace) -> int:
    at_desk(args, lambda desk: _action(args.change)(desk, args.algorithm))
    if args.json:
        print_json({"algorithm": args.algorithm, "done": args.change})
    else:
        print(_CHANGES[args.change][1].format(args.algorithm))
    return 0


def _action(name: str) -> "Callable[[AdminDesk, str], Awaitable[None]]":
    from watchword.admin import keys  # noqa: PLC0415  loaded when it is needed

    return {"add": keys.add_algorithm, "remove": keys.remove_algorithm, "default": keys.use_by_default}[name]
