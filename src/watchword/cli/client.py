"""``watchword client``: what asks for tokens."""

import argparse
import sys
from collections.abc import Sequence

from watchword.cli.installation import add_configuration_arguments, at_desk
from watchword.cli.moments import moment
from watchword.cli.terminal import print_json, print_table, styled

NAME = "client"
HELP = "register, list and delete clients, renew their secrets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action", required=True)
    add = actions.add_parser(
        "add",
        help="register a client",
        description="Register a client: with --redirect-uri to sign people in, with --api to act for itself, or both.",
    )
    add.add_argument("name", help="how pages call it")
    add.add_argument("--public", action="store_true", help="it cannot keep a secret (an app on a device or in a page)")
    add.add_argument(
        "--redirect-uri", metavar="URI", help="where people come back to; repeatable", action="append", default=[]
    )
    add.add_argument(
        "--post-logout-redirect-uri",
        metavar="URI",
        help="where they land after signing out",
        action="append",
        default=[],
    )
    add.add_argument(
        "--origin",
        metavar="ORIGIN",
        help="a web origin whose pages may call the token endpoint",
        action="append",
        default=[],
    )
    add.add_argument(
        "--scope", metavar="SCOPE", help="a scope that people may grant it; repeatable", action="append", default=[]
    )
    add.add_argument(
        "--api",
        metavar=("URL", "SCOPE[,SCOPE]"),
        nargs=2,
        help="scopes it has at an API for itself; repeatable",
        action="append",
        default=[],
    )
    add.add_argument("--default-api", metavar="URL", help="the API meant when a request names none")
    add.add_argument("--id-token-alg", default="RS256", metavar="ALG", help="signs its ID tokens (default RS256)")
    add.add_argument("--profile", default="oauth2.1", choices=("oauth2.1", "oidc"), help="how strict it is held")
    add.add_argument("--json", action="store_true", help="print JSON")
    add.set_defaults(action=_add)
    listing = actions.add_parser("list", help="list clients", description="List clients.")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(action=_list)
    secret = actions.add_parser(
        "secret",
        help="give a client another secret",
        description="Give a client another secret; the old one is dead at once.",
    )
    secret.add_argument("client_id")
    secret.add_argument("--json", action="store_true", help="print JSON")
    secret.set_defaults(action=_secret)
    choose = actions.add_parser(
        "alg",
        help="choose what signs a client's ID tokens",
        description="Choose what signs a client's ID tokens; the keys must sign with it already.",
    )
    choose.add_argument("client_id")
    choose.add_argument("algorithm", help="such as RS256, ES256, Ed25519 or PS256")
    choose.add_argument("--json", action="store_true", help="print JSON")
    choose.set_defaults(action=_choose)
    delete = actions.add_parser(
        "delete",
        help="take a client away for good",
        description="Take a client away for good, with what people allowed it; every token it holds is refused.",
    )
    delete.add_argument("client_id")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.add_argument("--json", action="store_true", help="print JSON")
    delete.set_defaults(action=_delete)
    for subparser in (add, listing, secret, choose, delete):
        add_configuration_arguments(subparser)


def run(args: argparse.Namespace) -> int:
    done: int = args.action(args)
    return done


def _add(args: argparse.Namespace) -> int:
    from watchword.admin.clients import ClientRequest, add_client  # noqa: PLC0415  loaded when it is needed

    request = ClientRequest(
        name=args.name,
        public=args.public,
        redirect_uris=args.redirect_uri,
        post_logout_redirect_uris=args.post_logout_redirect_uri,
        allowed_origins=args.origin,
        scopes=args.scope,
        api_scopes=_api_scopes(args.api),
        default_api=args.default_api,
        id_token_alg=args.id_token_alg,
        profile=args.profile,
    )
    client, secret = at_desk(args, lambda desk: add_client(desk, request))
    if args.json:
        shown = {"client_id": client.id, "name": client.name, "grant_types": list(client.grant_types)}
        print_json(shown if secret is None else {**shown, "client_secret": secret})
        return 0
    print(f"client {styled(client.name, 'bold')} registered\n  client_id      {client.id}")
    if secret is not None:
        print(f"  client_secret  {secret}\n  The secret is not shown again.")
    return 0


def _api_scopes(pairs: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for url, scopes in pairs:
        wanted.setdefault(url, []).extend(scopes.replace(",", " ").split())
    return wanted


def _choose(args: argparse.Namespace) -> int:
    from watchword.admin.algorithm_choice import choose_for_client  # noqa: PLC0415  loaded when it is needed

    at_desk(args, lambda desk: choose_for_client(desk, args.client_id, args.algorithm))
    if args.json:
        print_json({"client_id": args.client_id, "id_token_signed_response_alg": args.algorithm})
    else:
        print(f"ID tokens of {args.client_id} are signed with {args.algorithm} from now on")
    return 0


def _delete(args: argparse.Namespace) -> int:
    from watchword.admin.client_changes import delete_client  # noqa: PLC0415  loaded when it is needed

    if not args.yes and not _is_sure():
        print("nothing was changed (say --yes where nobody can be asked)", file=sys.stderr)
        return 1
    at_desk(args, lambda desk: delete_client(desk, args.client_id))
    if args.json:
        print_json({"deleted": args.client_id})
    else:
        print("the client is gone, and every token that it held is refused from now on")
    return 0


def _is_sure() -> bool:
    return sys.stdin.isatty() and input("Take this client away for good? Type yes: ").strip() == "yes"


def _list(args: argparse.Namespace) -> int:
    from watchword.admin.clients import list_clients  # noqa: PLC0415  loaded when it is needed

    found = at_desk(args, list_clients)
    if args.json:
        print_json(
            [
                {
                    "client_id": client.id,
                    "name": client.name,
                    "origin": client.origin,
                    "profile": client.profile,
                    "auth_method": client.auth_method,
                    "grant_types": list(client.grant_types),
                    "redirect_uris": list(client.redirect_uris),
                    "scopes": list(client.scopes),
                    "api_scopes": {api: list(scopes) for api, scopes in client.api_scopes.items()},
                    "status": client.status,
                    "created_at": client.created_at,
                }
                for client in found
            ]
        )
        return 0
    rows = [
        (
            client.name,
            client.id,
            "public" if client.is_public else "secret",
            " ".join(client.grant_types),
            client.status,
            moment(client.created_at),
        )
        for client in found
    ]
    headings = ("CLIENT", "ID", "KIND", "GRANTS", "STATUS", "CREATED")
    print_table(headings, rows, empty="no clients yet: watchword client add NAME --redirect-uri URI")
    return 0


def _secret(args: argparse.Namespace) -> int:
    from watchword.admin.clients import new_secret  # noqa: PLC0415  loaded when it is needed

    secret = at_desk(args, lambda desk: new_secret(desk, args.client_id))
    if args.json:
        print_json({"client_id": args.client_id, "client_secret": secret})
    else:
        print(f"  client_secret  {secret}\n  The secret is not shown again; the old one is dead.")
    return 0
