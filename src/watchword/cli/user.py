"""``watchword user``: who may sign in."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import ClassVar

from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.moments import moment
from watchword.cli.terminal import harmless, print_json, print_table, styled
from watchword.errors import WatchwordError

NAME = "user"
HELP = "add, list and disable users, set their passwords"
_PASSWORD_LIMIT = 4096


class PasswordInputError(WatchwordError):
    """No password was given that could be used."""

    code: ClassVar[str] = "password_input"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action", required=True)
    add = actions.add_parser("add", help="make a user", description="Make a user who may sign in at once.")
    add.add_argument("email")
    add.add_argument("--username", default="", help="what they may also sign in with (default: the e-mail address)")
    add.add_argument("--name", default="", help="their name, for pages and ID tokens")
    add.add_argument("--role", action="append", default=[], help="a role they hold; repeatable")
    add.set_defaults(action=_add)
    listing = actions.add_parser("list", help="list users", description="List users.")
    listing.set_defaults(action=_list)
    disable = actions.add_parser(
        "disable", help="keep a user out", description="Keep a user out: sessions and tokens end at once."
    )
    disable.set_defaults(action=_disable)
    password = actions.add_parser(
        "password", help="set a user's password", description="Set a user's password; what they hold ends at once."
    )
    password.set_defaults(action=_password)
    for subparser in (disable, password):
        subparser.add_argument("user", help="e-mail address, user name or id")
    for subparser in (add, password):
        subparser.add_argument(
            "--password-file", metavar="FILE", help="read the password from a file, or from standard input with -"
        )
    for subparser in (add, listing, disable, password):
        subparser.add_argument("--json", action="store_true", help="print JSON")
        add_configuration_arguments(subparser)


def run(args: argparse.Namespace) -> int:
    done: int = args.action(args)
    return done


def read_password(source: str | None) -> str:
    """A password from a file, from standard input (``-``), or typed twice; never from the command line.

    Raises:
        PasswordInputError: the file cannot be read, the two differ, or nobody is there to type.
    """
    if source is not None and source != "-":
        try:
            with Path(source).open(encoding="utf-8") as file:
                return _one_line(file.read(_PASSWORD_LIMIT))
        except (OSError, UnicodeDecodeError) as error:
            raise PasswordInputError("the password file cannot be read") from error
    if source == "-":
        return _one_line(sys.stdin.read(_PASSWORD_LIMIT))
    if not sys.stdin.isatty():
        raise PasswordInputError("nobody is at the terminal: give --password-file FILE, or - for standard input")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise PasswordInputError("the two passwords differ")
    return _one_line(first)


def _one_line(text: str) -> str:
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        raise PasswordInputError("the password is empty")
    return password


def _add(args: argparse.Namespace) -> int:
    from watchword.admin.users import UserRequest, add_user  # noqa: PLC0415  loaded when it is needed

    password = read_password(args.password_file)
    request = UserRequest(email=args.email, username=args.username, name=args.name, roles=args.role, password=password)
    user = at_desk(args, lambda desk: add_user(desk, request))
    if args.json:
        print_json({"id": user.id, "username": user.username, "email": user.email, "roles": args.role})
    else:
        print(f"user {styled(harmless(user.username), 'bold')} made\n  id  {user.id}")
    return 0


def _list(args: argparse.Namespace) -> int:
    from watchword.admin.users import list_users  # noqa: PLC0415  loaded when it is needed

    found = at_desk(args, list_users)
    if args.json:
        print_json(
            [
                {
                    "id": user.id,
                    "username": user.username,
                    "email": user.email,
                    "name": user.claims.get("name"),
                    "roles": list(roles),
                    "status": user.status,
                    "created_at": user.created_at,
                }
                for user, roles in found
            ]
        )
        return 0
    rows = [
        (user.username, user.label, " ".join(roles) or "-", user.status, user.id, moment(user.created_at))
        for user, roles in found
    ]
    print_table(
        ("USER", "NAME", "ROLES", "STATUS", "ID", "CREATED"), rows, empty="no users yet: watchword user add EMAIL"
    )
    return 0


def _disable(args: argparse.Namespace) -> int:
    from watchword.admin.users import disable_user  # noqa: PLC0415  loaded when it is needed

    user = at_desk(args, lambda desk: disable_user(desk, args.user))
    if args.json:
        print_json({"id": user.id, "status": "disabled"})
    else:
        print(f"user {styled(harmless(user.username), 'bold')} disabled; their sessions and tokens have ended")
    return 0


def _password(args: argparse.Namespace) -> int:
    from watchword.admin.users import set_password  # noqa: PLC0415  loaded when it is needed

    password = read_password(args.password_file)
    user = at_desk(args, lambda desk: set_password(desk, args.user, password))
    if args.json:
        print_json({"id": user.id})
    else:
        print(f"password of {styled(harmless(user.username), 'bold')} set; what they held under the old one has ended")
    return 0
