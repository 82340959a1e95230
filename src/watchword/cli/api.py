"""``watchword api``: what tokens are for."""

import argparse

from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.moments import moment
from watchword.cli.terminal import print_json, print_table, styled

NAME = "api"
HELP = "register and list APIs, choose what signs their tokens and who is told which are withdrawn"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action", required=True)
    add = actions.add_parser("add", help="register an API", description="Register an API.")
    add.add_argument("url", help="its URL, which tokens for it carry as audience")
    add.add_argument("--name", default="", help="how pages call it (default: its host)")
    add.add_argument(
        "--scope",
        action="append",
        default=[],
        metavar="NAME[=TEXT]",
        help="a scope, and what the consent page says of it; repeatable",
    )
    add.add_argument("--secret", action="store_true", help="give it credentials for introspection")
    add.add_argument("--json", action="store_true", help="print JSON")
    add.set_defaults(action=_add)
    listing = actions.add_parser("list", help="list APIs", description="List APIs.")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(action=_list)
    choose = actions.add_parser(
        "alg",
        help="choose what signs the access tokens for an API",
        description="Choose what signs the access tokens for an API; the keys must sign with it already.",
    )
    choose.add_argument("url", help="the API")
    choose.add_argument("algorithm", help="such as ML-DSA-65, or: default")
    choose.add_argument("--json", action="store_true", help="print JSON")
    choose.set_defaults(action=_choose)
    tell = actions.add_parser(
        "status-list",
        help="tell verifiers that are not ours, by a Token Status List, which tokens for an API are withdrawn",
        description="Have the access tokens for an API name a place in a Token Status List, or no longer. "
        "Tokens that name one are told of there until they end.",
    )
    tell.add_argument("url", help="the API")
    switch = tell.add_mutually_exclusive_group(required=True)
    switch.add_argument("--on", action="store_true", help="from now on")
    switch.add_argument("--off", action="store_true", help="no longer")
    tell.add_argument("--json", action="store_true", help="print JSON")
    tell.set_defaults(action=_tell)
    for subparser in (add, listing, choose, tell):
        add_configuration_arguments(subparser)


def run(args: argparse.Namespace) -> int:
    done: int = args.action(args)
    return done


def _add(args: argparse.Namespace) -> int:
    from watchword.admin.apis import add_api  # noqa: PLC0415  loaded when it is needed
    from watchword.store.repositories.apis import Scope  # noqa: PLC0415

    scopes = [Scope(name, text) for name, _, text in (given.partition("=") for given in args.scope)]
    api, secret = at_desk(
        args,
        lambda desk: add_api(desk, identifier=args.url, name=args.name, scopes=scopes, with_secret=args.secret),
    )
    if args.json:
        shown = {"id": api.id, "identifier": api.identifier, "name": api.name, "scopes": sorted(api.scope_names)}
        print_json(shown if secret is None else {**shown, "secret": secret})
        return 0
    print(f"API {styled(api.identifier, 'bold')} registered")
    if secret is not None:
        print(f"  id      {api.id}\n  secret  {secret}\n  The secret is not shown again.")
    return 0


def _choose(args: argparse.Namespace) -> int:
    from watchword.admin.algorithm_choice import choose_for_audience  # noqa: PLC0415  loaded when it is needed

    algorithm = None if args.algorithm == "default" else args.algorithm
    at_desk(args, lambda desk: choose_for_audience(desk, args.url, algorithm))
    if args.json:
        print_json({"identifier": args.url, "signing_alg": algorithm})
    else:
        print(f"access tokens for {args.url} are signed with {algorithm or 'the default'} from now on")
    return 0


def _tell(args: argparse.Namespace) -> int:
    from watchword.admin.status_list_choice import choose_for_audience  # noqa: PLC0415  loaded when it is needed

    wanted: bool = args.on
    at_desk(args, lambda desk: choose_for_audience(desk, args.url, wanted=wanted))
    if args.json:
        print_json({"identifier": args.url, "status_list": wanted})
    elif wanted:
        print(f"access tokens for {args.url} name a place in a status list from now on")
    else:
        print(f"new access tokens for {args.url} name no place in a status list")
        print("  Those that do are told of until they end.")
    return 0


def _list(args: argparse.Namespace) -> int:
    from watchword.admin.apis import list_apis  # noqa: PLC0415  loaded when it is needed

    found = at_desk(args, list_apis)
    if args.json:
        print_json(
            [
                {
                    "id": api.id,
                    "identifier": api.identifier,
                    "name": api.name,
                    "scopes": [{"name": scope.name, "description": scope.description} for scope in api.scopes],
                    "token_lifetime": api.token_lifetime,
                    "signing_alg": api.signing_alg,
                    "status_list": api.status_list,
                    "status": api.status,
                    "created_at": api.created_at,
                }
                for api in found
            ]
        )
        return 0
    rows = [
        (
            api.identifier,
            api.name,
            " ".join(scope.name for scope in api.scopes) or "-",
            api.status,
            moment(api.created_at),
        )
        for api in found
    ]
    print_table(
        ("API", "NAME", "SCOPES", "STATUS", "CREATED"), rows, empty="no APIs yet: watchword api add URL --scope …"
    )
    return 0
