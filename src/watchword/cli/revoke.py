"""``watchword revoke``: withdraw trust."""

import argparse
import sys
from typing import TYPE_CHECKING

from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.terminal import print_json
from watchword.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from watchword.admin.desk import AdminDesk

NAME = "revoke"
HELP = "withdraw a token, grant, session, user's or client's tokens, or everything"
_TOKEN_LIFE = 86_400  # no access token lives longer; a journal row that outlives its token harms nobody
_KINDS = {
    "token": ("jti", "the claim jti of one access token"),
    "grant": ("gid", "the claim gid: every token of one authorization"),
    "session": ("id", "the id of a session: signs one browser out"),
    "user": ("user", "e-mail address, user name or id: everything they hold"),
    "client": ("client_id", "everything one client holds"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="what", required=True)
    for kind, (metavar, text) in _KINDS.items():
        subparser = kinds.add_parser(kind, help=text, description=f"Withdraw: {text}.")
        subparser.add_argument("value", metavar=metavar)
        subparser.set_defaults(kind=kind)
        _add_common(subparser)
    everything = kinds.add_parser(
        "everything",
        help="every token there is",
        description="Withdraw every token there is; everybody signs in again.",
    )
    everything.add_argument("--yes", action="store_true", help="do not ask")
    everything.set_defaults(kind="everything", value="")
    _add_common(everything)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.kind == "everything" and not args.yes and not _is_sure():
        print("nothing was revoked (say --yes where nobody can be asked)", file=sys.stderr)
        return 1
    at_desk(args, _action(args.kind, args.value))
    if args.json:
        print_json({"revoked": args.kind, "value": args.value or None})
    else:
        print("every token is refused from now on" if args.kind == "everything" else f"{args.kind} revoked")
    return 0


def _is_sure() -> bool:
    return sys.stdin.isatty() and input("Refuse every token there is? Type yes: ").strip() == "yes"


def _action(kind: str, value: str) -> "Callable[[AdminDesk], Awaitable[None]]":
    from watchword.admin import revocation  # noqa: PLC0415  loaded when it is needed

    until = SystemClock().now() + _TOKEN_LIFE
    actions: dict[str, Callable[[AdminDesk], Awaitable[None]]] = {
        "token": lambda desk: revocation.revoke_token(desk, value, expires_at=until),
        "grant": lambda desk: revocation.revoke_grant(desk, value),
        "session": lambda desk: revocation.revoke_session(desk, value),
        "user": lambda desk: revocation.revoke_user(desk, value),
        "client": lambda desk: revocation.revoke_client(desk, value),
        "everything": revocation.revoke_everything,
    }
    return actions[kind]
