"""``watchword keys``: the ring of signing keys."""

import argparse
import sys

from watchword.cli import key_algorithms, reseal
from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.moments import moment
from watchword.cli.terminal import print_json, print_table, styled

NAME = "keys"
HELP = "list, rotate and withdraw signing keys, choose their algorithms, change the master key"
_TIMES = ("created_at", "published_at", "activated_at", "retiring_at", "retired_at", "compromised_at")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action", required=True)
    listing = actions.add_parser("list", help="list signing keys", description="List signing keys.")
    listing.set_defaults(action=_list)
    rotate = actions.add_parser(
        "rotate", help="let the successor sign", description="Let the published successor sign from now on."
    )
    rotate.add_argument("--alg", default="ES256", metavar="ALG", help="which of the keys (default ES256)")
    rotate.set_defaults(action=_rotate)
    resealing = reseal.add_action(actions)
    compromise = actions.add_parser(
        "compromise",
        help="a key was stolen: refuse whatever it signed",
        description="Refuse whatever a key signed, at every verifier; another key signs at once.",
    )
    compromise.add_argument("kid", help="the whole kid, as `watchword keys list` shows it")
    compromise.add_argument("--yes", action="store_true", help="do not ask")
    compromise.set_defaults(action=_compromise)
    for subparser in (listing, rotate, compromise, resealing):
        subparser.add_argument("--json", action="store_true", help="print JSON")
        add_configuration_arguments(subparser)
    key_algorithms.add_arguments(actions.add_parser("algorithm", help="which algorithms sign tokens"))


def run(args: argparse.Namespace) -> int:
    done: int = args.action(args)
    return done


def _list(args: argparse.Namespace) -> int:
    from watchword.admin.keys import list_keys  # noqa: PLC0415  loaded when it is needed

    found = at_desk(args, list_keys)
    if args.json:
        print_json(
            [
                {"kid": key.kid, "purpose": key.purpose, "algorithm": key.algorithm, "state": key.state}
                | {name: getattr(key, name) for name in _TIMES}
                for key in found
            ]
        )
        return 0
    rows = [
        (key.kid, key.purpose, key.algorithm, key.state, moment(key.published_at), moment(key.activated_at))
        for key in found
    ]
    print_table(
        ("KID", "PURPOSE", "ALG", "STATE", "PUBLISHED", "ACTIVE SINCE"),
        rows,
        empty="no keys yet: start the issuer once",
    )
    return 0


def _rotate(args: argparse.Namespace) -> int:
    from watchword.admin.keys import rotate  # noqa: PLC0415  loaded when it is needed

    kid = at_desk(args, lambda desk: rotate(desk, args.alg))
    if args.json:
        print_json({"kid": kid, "algorithm": args.alg})
    else:
        print(f"{args.alg} is signed with {styled(kid, 'bold')} from now on; running issuers follow within seconds")
    return 0


def _compromise(args: argparse.Namespace) -> int:
    from watchword.admin.keys import compromise  # noqa: PLC0415  loaded when it is needed

    if not args.yes and not _is_sure(args.kid):
        print("nothing was changed (say --yes where nobody can be asked)", file=sys.stderr)
        return 1
    successor = at_desk(args, lambda desk: compromise(desk, args.kid))
    if args.json:
        print_json({"compromised": args.kid, "active": successor})
        return 0
    print(f"whatever {styled(args.kid, 'bold')} signed is refused from now on")
    if successor is not None:
        print(f"  {styled(successor, 'bold')} signs in its place")
    return 0


def _is_sure(kid: str) -> bool:
    question = f"Refuse every token that {kid} signed? Whoever holds one must get another. Type yes: "
    return sys.stdin.isatty() and input(question).strip() == "yes"
