"""``watchword keys``: the ring of signing keys."""

import argparse

from watchword.cli import reseal
from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.moments import moment
from watchword.cli.terminal import print_json, print_table, styled

NAME = "keys"
HELP = "list and rotate signing keys, and change the master key that seals them"
_TIMES = ("created_at", "published_at", "activated_at", "retiring_at", "retired_at", "compromised_at")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action", required=True)
    listing = actions.add_parser("list", help="list signing keys", description="List signing keys.")
    listing.set_defaults(action=_list)
    rotate = actions.add_parser(
        "rotate", help="let the successor sign", description="Let the published successor sign from now on."
    )
    rotate.add_argument("--alg", default="ES256", choices=("ES256", "RS256"), help="which of the keys (default ES256)")
    rotate.set_defaults(action=_rotate)
    resealing = reseal.add_action(actions)
    for subparser in (listing, rotate, resealing):
        subparser.add_argument("--json", action="store_true", help="print JSON")
        add_configuration_arguments(subparser)


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
