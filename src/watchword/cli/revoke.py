"""``watchword revoke``: withdraw trust."""

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.terminal import harmless, print_json, styled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from watchword.admin.desk import AdminDesk

NAME = "revoke"
HELP = "withdraw a token, grant, session, consent, a user's or client's tokens, a key's, or everything"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing that can be withdrawn.

    Args:
        names: what names it, an argument each.
        help: a line for the list of them.
        done: what is so from now on; ``{}`` stands for what was named.
        next: what whoever held it can do now, and what the operator may want besides.
        question: asked first; empty where nobody is asked.
    """

    names: tuple[tuple[str, str], ...]
    help: str
    done: str
    next: str
    question: str = ""


_KINDS = {
    "token": _Kind(
        (("jti", "its claim jti: `watchword token inspect` shows it"),),
        "one access token",
        "the access token {} is refused",
        "its holder may get another: `revoke grant` ends that too",
    ),
    "grant": _Kind(
        (("gid", "the claim gid of any of its tokens"),),
        "every token of one authorization, its refresh tokens too",
        "every token of the grant {} is refused",
        "the client has to send the user to sign in again",
    ),
    "session": _Kind(
        (("id", "its id, or the claim sid of any token made in it"),),
        "one browser's session: signs it out",
        "the session {} has ended, and every token that depended on it is refused",
        "what was granted for longer (offline_access) goes on: `revoke consent` or `revoke user` ends that too",
    ),
    "consent": _Kind(
        (("user", "e-mail address, user name or id"), ("client_id", "the client")),
        "what one user allowed one client",
        "what {} allowed the client {} is withdrawn, and every token it held for them is refused",
        "the client has to ask again",
    ),
    "user": _Kind(
        (("user", "e-mail address, user name or id"),),
        "everything a user holds: signs them out everywhere",
        "everything {} held is refused",
        "they may sign in again: `watchword user disable` keeps them out",
    ),
    "client": _Kind(
        (("client_id", "the client"),),
        "everything a client holds",
        "everything the client {} held is refused",
        "it may ask again: `watchword client secret` keeps out whoever knows its secret",
    ),
    "key": _Kind(
        (("kid", "the whole kid, as `watchword keys list` shows it"),),
        "everything a key signed, and the key itself: the same as `keys compromise`",
        "whatever the key {} signed is refused, and it signs nothing more",
        "another key signs in its place; clients get new tokens with what they have",
        "Refuse every token that this key signed? Whoever holds one must get another.",
    ),
    "everything": _Kind(
        (),
        "every token there is, whosesoever",
        "every token is refused",
        "everybody signs in again, and every client asks anew",
        "Refuse every token there is? Everybody signs in again.",
    ),
}
_LEARNT = (
    "  here at once; in services that listen within a second, in those that poll within five;\n"
    "  a service that does neither goes on until its tokens end by themselves"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="what", required=True)
    for name, kind in _KINDS.items():
        subparser = kinds.add_parser(
            name, help=kind.help, description=f"Withdraw {kind.help}.", epilog=f"Afterwards: {kind.next}."
        )
        for argument, text in kind.names:
            subparser.add_argument(argument, help=text)
        if kind.question:
            subparser.add_argument("--yes", action="store_true", help="do not ask")
        subparser.add_argument("--json", action="store_true", help="print JSON")
        subparser.set_defaults(kind=name)
        add_configuration_arguments(subparser)


def run(args: argparse.Namespace) -> int:
    kind = _KINDS[args.kind]
    if kind.question and not args.yes and not _is_sure(kind.question):
        print("nothing was revoked (say --yes where nobody can be asked)", file=sys.stderr)
        return 1
    values = [getattr(args, argument) for argument, _ in kind.names]
    is_new = at_desk(args, _action(args.kind, values)) is not False
    if args.json:
        print_json({"revoked": args.kind, "value": " ".join(values) or None, "new": is_new})
        return 0
    done = kind.done.format(*(styled(harmless(value), "bold") for value in values))
    if not is_new:
        print(f"nothing was left to withdraw: {done} already")
        return 0
    print(f"{done} from now on\n{_LEARNT}\n  {kind.next}")
    return 0


def _is_sure(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question} Type yes: ").strip() == "yes"


def _action(kind: str, values: list[str]) -> "Callable[[AdminDesk], Awaitable[bool | None]]":
    """What does it; the answer is False where there was nothing to withdraw any more."""
    from watchword.admin import keys, revocation  # noqa: PLC0415  loaded when it is needed

    async def compromise(desk: "AdminDesk", kid: str) -> None:
        await keys.compromise(desk, kid)

    actions: dict[str, Callable[..., Awaitable[bool | None]]] = {
        "token": revocation.revoke_token,
        "grant": revocation.revoke_grant,
        "session": revocation.revoke_session,
        "consent": revocation.revoke_consent,
        "user": revocation.revoke_user,
        "client": revocation.revoke_client,
        "key": compromise,
        "everything": revocation.revoke_everything,
    }
    return lambda desk: actions[kind](desk, *values)
