"""``watchword login``: sign in to an API in the browser and keep the tokens on this machine."""

import argparse
import sys
import webbrowser
from dataclasses import replace
from pathlib import Path

from watchword.cli.terminal import harmless, print_json
from watchword.client.api_discovery import (
    ApiMetadata,
    canonical_api,
    command_line_client,
    discover_api,
    discover_issuer_of,
)
from watchword.client.errors import ClientError
from watchword.client.loopback_login import loopback_login
from watchword.client.saved_login import SavedLogin, save_login
from watchword.client.token_cache import TokenCache, default_directory, open_token_cache
from watchword.config import has_display, inherited
from watchword.oauth.scope import OFFLINE_ACCESS, OPENID

NAME = "login"
HELP = "sign in to an API in the browser and keep the tokens on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--api", required=True, metavar="URL", help="the API to sign in to")
    parser.add_argument(
        "--scope",
        action="append",
        metavar="SCOPE",
        help="what to ask for; may be repeated; by default everything that the API lists",
    )
    parser.add_argument("--client-id", metavar="ID", help="the client to sign in as; by default the issuer's own")
    parser.add_argument("--no-browser", action="store_true", help="only print the address to open")
    parser.add_argument(
        "--callback-port",
        type=_port,
        default=0,
        metavar="PORT",
        help="where on 127.0.0.1 to listen; choose one to forward it with `ssh -L`",
    )
    parser.add_argument("--timeout", type=_seconds, default=300.0, metavar="SECONDS", help="how long to wait for you")
    parser.add_argument("--json", action="store_true", help="print the result as JSON; never a token")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError("a port is from 0 to 65535")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 86_400:  # "nan" neither
        raise argparse.ArgumentTypeError("a time to wait is more than 0 and at most 86400 seconds")
    return seconds


def run(args: argparse.Namespace) -> int:
    try:
        login, cache = _sign_in(args)
    except ClientError as error:
        return _fail(args, error.code, str(error))
    except OSError:
        return _fail(args, "port_in_use", "cannot listen on that port of 127.0.0.1")
    _report(args, login, cache)
    return 0


def token_cache() -> TokenCache:
    """The cache of this user."""
    return open_token_cache(default_directory(inherited().get("XDG_CONFIG_HOME"), Path.home()))


def _sign_in(args: argparse.Namespace) -> tuple[SavedLogin, TokenCache]:
    cache = token_cache()
    api = discover_api(args.api)
    issuer = discover_issuer_of(api)
    client_id = args.client_id or command_line_client(issuer.issuer)
    tokens = loopback_login(
        issuer,
        client_id,
        scopes=_scopes(args, api),
        resources=(api.identifier,),
        show=lambda url: _show(url, open_browser=not args.no_browser),
        timeout=args.timeout,
        port=args.callback_port,
    )
    login = SavedLogin(canonical_api(api.identifier), issuer.issuer, client_id, api.identifier, tokens)
    with cache.locked(login.api):
        # A command line has no use for the ID token once it has been verified; what is not kept cannot leak.
        save_login(cache, replace(login, tokens=replace(tokens, id_token=None)))
    return login, cache


def _scopes(args: argparse.Namespace, api: ApiMetadata) -> tuple[str, ...]:
    # The profile is for one line: to tell the person as whom they have signed in.
    return (OPENID, "profile", OFFLINE_ACCESS, *(args.scope or api.scopes))


def _show(url: str, *, open_browser: bool) -> None:
    # On stderr, so that the output stays usable; whole, as a terminal makes it clickable.
    # Without a display a browser would be one in this very terminal.
    if open_browser and has_display() and webbrowser.open(url):
        print("Finish signing in in your browser. If it did not open, open this address:", file=sys.stderr)
    else:
        print("Open this address in a browser on this machine:", file=sys.stderr)
    print(f"\n  {harmless(url)}\n", file=sys.stderr, flush=True)


def _report(args: argparse.Namespace, login: SavedLogin, cache: TokenCache) -> None:
    if args.json:
        print_json(
            {
                "api": login.api,
                "issuer": login.issuer,
                "client_id": login.client_id,
                "subject": login.tokens.subject,
                "scopes": list(login.tokens.scopes),
                "expires_at": int(login.tokens.expires_at),
                "kept_in": cache.place,
            }
        )
        return
    api = harmless(login.api)
    print(f"Signed in to {api} as {harmless(login.tokens.name or login.tokens.subject or 'somebody')}.")
    print(f"Tokens are kept in {cache.place}.")
    print(f'Use them: curl -H "Authorization: Bearer $(watchword token print --api {api})" {api}/…')


def _fail(args: argparse.Namespace, code: str, sentence: str) -> int:
    if args.json:
        print_json({"error": code, "error_description": sentence})
    print(f"watchword login: {sentence} ({code})", file=sys.stderr)
    return 1
