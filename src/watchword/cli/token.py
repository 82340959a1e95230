"""``watchword token print|inspect|verify``: use the token of a login, read one without believing it, or check one."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from watchword.cli.login import token_cache
from watchword.cli.moments import moment
from watchword.cli.terminal import harmless, print_json, styled
from watchword.client.api_discovery import canonical_api
from watchword.client.errors import ClientError, NotSignedInError
from watchword.client.refresh import fresh_login
from watchword.clock import SystemClock
from watchword.jose import JOSEError, KeySet, base64url, jws
from watchword.jose.json_object import decode_object
from watchword.verify import KeysUnavailableError, VerificationError, Verifier, VerifierSettingsError

NAME = "token"
HELP = "print the token of a login, read a token, or verify one"

# 2 is for a command that makes no sense, as everywhere; 3 says that nobody can tell at the moment.
OK, REFUSED, MISUSED, UNKNOWN = 0, 1, 2, 3

_TIMES = ("iat", "nbf", "exp", "auth_time")
_MAX_INPUT = 64 * 1024
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    _print_arguments(verbs.add_parser("print", help="print the access token of a login, renewed if need be"))
    _inspect_arguments(verbs.add_parser("inspect", help="show what a token says, without checking it"))
    _verify_arguments(verbs.add_parser("verify", help="check a token, and say exactly why it does not hold"))


def run(args: argparse.Namespace) -> int:
    verbs: Mapping[str, Callable[[argparse.Namespace], int]] = {
        "print": run_print,
        "inspect": run_inspect,
        "verify": run_verify,
    }
    return verbs[args.verb](args)


def run_print(args: argparse.Namespace) -> int:
    """Exactly the token and a line end on stdout, so that ``$(watchword token print …)`` works."""
    try:
        login = fresh_login(token_cache(), canonical_api(args.api))
    except NotSignedInError as error:
        return _refuse(args, error.code, f"{error}: watchword login --api {args.api}", status=REFUSED)
    except ClientError as error:
        return _refuse(args, error.code, str(error), status=UNKNOWN)
    if args.json:
        tokens = login.tokens
        print_json(
            {
                "access_token": tokens.access_token,
                "token_type": "Bearer",
                "expires_at": int(tokens.expires_at),
                "scope": " ".join(tokens.scopes),
            }
        )
    else:
        print(login.tokens.access_token)
    return OK


def run_inspect(args: argparse.Namespace) -> int:
    """Header and claims, with times in words, and a loud warning that nobody checked them."""
    try:
        message = jws.split(_token(args))
        header = dict(message.header.members)
        claims = decode_object(base64url.decode(message.payload_segment))
    except JOSEError as error:
        return _refuse(args, error.code, str(error), status=REFUSED)
    except OSError:
        return _refuse(args, "unreadable", "the file cannot be read", status=REFUSED)
    if args.json:
        print_json({"verified": False, "header": header, "claims": claims})
        return OK
    warning = "UNVERIFIED: anybody can write such a token; believe nothing of it before `watchword token verify`"
    print(styled(warning, "bold", "yellow"))
    _show("header", header)
    _show("claims (UNVERIFIED)", claims)
    return OK


def run_verify(args: argparse.Namespace) -> int:
    """Whether the token holds for this issuer and this audience, now."""
    try:
        token = _token(args)
        keys = None if args.jwks is None else KeySet.from_dict(decode_object(Path(args.jwks).read_bytes()))
        claims = Verifier(issuer=args.issuer, audience=args.audience, keys=keys).verify(token)
    except VerificationError as error:
        status = UNKNOWN if isinstance(error, KeysUnavailableError) else REFUSED
        return _refuse(args, error.code, str(error), status=status)
    except VerifierSettingsError as error:
        return _refuse(args, error.code, str(error), status=MISUSED)
    except JOSEError as error:
        return _refuse(args, error.code, f"the key set cannot be used: {error}", status=UNKNOWN)
    except OSError:
        return _refuse(args, "unreadable", "a file cannot be read", status=UNKNOWN)
    if args.json:
        print_json({"verified": True, "claims": dict(claims)})
        return OK
    print(
        styled("VERIFIED", "bold", "green")
        + f": signed by {harmless(args.issuer)}, for {harmless(args.audience)}, and not expired."
    )
    _show("claims", dict(claims))
    return OK


def _print_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--api", required=True, metavar="URL", help="the API of `watchword login --api URL`")
    parser.add_argument("--json", action="store_true", help="print the token with its expiry and scope")


def _inspect_arguments(parser: argparse.ArgumentParser) -> None:
    _token_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print header and claims as JSON")


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    _token_arguments(parser)
    parser.add_argument("--issuer", required=True, metavar="URL", help="who must have signed it")
    parser.add_argument("--audience", required=True, metavar="URL", help="for whom it must be")
    parser.add_argument("--jwks", metavar="FILE", help="the issuer's public keys; without it they are fetched")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _token_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "token", nargs="?", default="-", help="`-` (the default) reads stdin; a token here is seen by `ps` and history"
    )
    source.add_argument("--file", metavar="FILE", help="read the token from a file")


def _token(args: argparse.Namespace) -> str:
    if args.file is not None:
        with Path(args.file).open("rb") as file:
            return file.read(_MAX_INPUT).decode("utf-8", "replace").strip()
    if args.token == "-":  # noqa: S105  a dash is no secret
        return sys.stdin.read(_MAX_INPUT).strip()
    print(
        "watchword token: a token on the command line is seen by every user of this machine (ps) and stays in the "
        "shell's history; pass it on stdin instead",
        file=sys.stderr,
    )
    return str(args.token)


def _show(title: str, members: Mapping[str, Any]) -> None:
    now = SystemClock().now()
    print(f"\n{title}")
    width = max((len(name) for name in members), default=0)
    for name, value in members.items():
        text = harmless(json.dumps(value, ensure_ascii=False))
        when = f"  ({in_words(value, now=now)})" if name in _TIMES and _is_time(value) else ""
        print(f"  {harmless(name):<{width}}  {text}{when}")


def in_words(instant: float, *, now: float) -> str:
    """``instant`` as a date and as a distance from ``now``; both are UTC epoch seconds.

    Returns:
        for example ``2026-09-21 12:00:00Z, in 4 minutes``; ``no date`` when there is no such moment.
    """
    try:
        return f"{moment(instant)}, {_distance(round(instant - now))}"
    except (ValueError, OverflowError, OSError):
        return "no date"


def _distance(seconds: int) -> str:
    length = abs(seconds)
    for size, unit in _UNITS:
        if length >= size:
            count = length // size
            words = f"{count} {unit}" + ("" if count == 1 else "s")
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "now"


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(args: argparse.Namespace, code: str, sentence: str, *, status: int) -> int:
    if args.json:
        print_json({"error": code, "error_description": sentence})
    print(f"watchword token {args.verb}: {sentence} ({code})", file=sys.stderr)
    return status
