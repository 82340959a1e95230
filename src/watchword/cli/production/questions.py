"""The questions of `watchword init`: each has a default, is an option too, and is asked only of a person."""

import argparse
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from watchword import __version__
from watchword.cli.production.answers import (
    COMPOSE_GATEWAY,
    COMPOSE_PROXY,
    DATABASES,
    DATABASES_OF,
    PROXIES,
    PROXIES_OF,
    TARGETS,
    Answers,
    AnswersError,
    as_issuer,
    email_problems,
    issuer_problems,
)

Check = Callable[[str], list[str]]


def add_questions(parser: argparse.ArgumentParser) -> None:
    """An option for every answer."""
    parser.add_argument("--issuer", metavar="URL", help="the issuer's URL or host name: auth.example.com")
    parser.add_argument("--target", choices=TARGETS, help="where it runs")
    parser.add_argument("--database", choices=DATABASES, help="where records are kept")
    parser.add_argument("--proxy", choices=PROXIES, help="what ends TLS in front of it")
    parser.add_argument("--admin-email", metavar="EMAIL", help="the first administrator's e-mail address")
    parser.add_argument("--trusted-proxy", metavar="ADDRESS", help="the address or network the proxy connects from")
    parser.add_argument("--database-host", metavar="HOST", help="where PostgreSQL answers")
    parser.add_argument("--command", metavar="PATH", dest="watchword_command", help="the command watchword (systemd)")
    parser.add_argument("--image", help="the container image (compose, kubernetes)")
    parser.add_argument("--tls-certificate", metavar="FILE", help="the certificate chain on the machine that ends TLS")
    parser.add_argument("--tls-key", metavar="FILE", help="its private key there")


def ask(args: argparse.Namespace, *, is_interactive: bool) -> Answers:
    """The answers: what the options say, what a person answers, and defaults for the rest.

    Raises:
        AnswersError: an answer cannot be used, or nobody is there to name the issuer.
    """
    person = _Person() if is_interactive else None
    if args.issuer is None and person is None:
        raise AnswersError("the issuer must be named: --issuer https://auth.example.com")
    issuer = as_issuer(args.issuer or _asked(person, "Under which host name will browsers reach it", "", _check_issuer))
    if found := issuer_problems(issuer):  # everything else has a default that is made from it
        raise AnswersError(*found)
    target = args.target or _chosen(person, "Where does it run", TARGETS)
    database = args.database or _chosen(person, "Which database", DATABASES_OF[target])
    proxy = args.proxy or _chosen(person, "What ends TLS in front of it", PROXIES_OF[target])
    host = urlsplit(issuer).hostname or ""
    email = args.admin_email or _asked(
        person, "The first administrator's e-mail address", f"admin@{_organisation(host)}", email_problems
    )
    certificate, key = _certificate(args, target, proxy, host)
    answers = Answers(
        issuer=issuer,
        target=target,
        database=database,
        proxy=proxy,
        admin_email=email,
        trusted_proxy=args.trusted_proxy or _proxy_address(target, proxy),
        database_host=args.database_host or _DATABASE_HOSTS[target],
        command=args.watchword_command or _command(),
        image=args.image or f"watchword:{__version__}",
        tls_certificate=certificate,
        tls_key=key,
    )
    answers.check()
    return answers


_DATABASE_HOSTS = {"systemd": "127.0.0.1", "compose": "postgres", "kubernetes": "postgres"}


def _check_issuer(text: str) -> list[str]:
    return issuer_problems(as_issuer(text))


def _organisation(host: str) -> str:
    """``example.com`` for ``auth.example.com``; a name of two parts stays as it is."""
    rest = host.partition(".")[2]
    return rest if "." in rest else host


def _proxy_address(target: str, proxy: str) -> str:
    if target == "compose":
        return COMPOSE_PROXY if proxy == "caddy" else COMPOSE_GATEWAY
    return "10.0.0.0/8" if target == "kubernetes" else "127.0.0.1"


def _certificate(args: argparse.Namespace, target: str, proxy: str, host: str) -> tuple[str, str]:
    """Where chain and key are: as the options say, or where each proxy's certificates usually are."""
    if args.tls_certificate:
        if proxy != "haproxy" and not args.tls_key:
            raise AnswersError("--tls-certificate and --tls-key belong together")
        return args.tls_certificate, args.tls_key or ""
    if args.tls_key:
        raise AnswersError("--tls-certificate and --tls-key belong together")
    usual = {
        "nginx": (f"/etc/letsencrypt/live/{host}/fullchain.pem", f"/etc/letsencrypt/live/{host}/privkey.pem"),
        "haproxy": (f"/etc/haproxy/certs/{host}.pem", ""),
        "none": ("/etc/watchword/tls/fullchain.pem", "/etc/watchword/tls/privkey.pem"),
    }
    return usual.get(proxy, ("", "")) if target == "systemd" else ("", "")


def _command() -> str:
    """The command that runs now, or the one that is found by its name."""
    beside = Path(sys.executable).with_name("watchword")
    return str(beside if beside.exists() else shutil.which("watchword") or "/opt/watchword/bin/watchword")


class _Person:
    """Somebody at the terminal."""

    def answer(self, question: str, default: str) -> str:
        suffix = f" [{default}]" if default else ""
        print(f"{question}{suffix}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise AnswersError("nobody answers any more; every question is an option too (watchword init --help)")
        return line.strip() or default

    def complain(self, problems: list[str]) -> None:
        print("\n".join(f"  {problem}" for problem in problems), file=sys.stderr)


def _asked(person: _Person | None, question: str, default: str, check: Check) -> str:
    if person is None:
        return default
    while True:
        given = person.answer(question, default)
        problems = check(given)
        if not problems:
            return given
        person.complain(problems)


def _chosen(person: _Person | None, question: str, known: tuple[str, ...]) -> str:
    if person is None or len(known) == 1:
        return known[0]
    words = f"{question} ({', '.join(known)})"
    return _asked(person, words, known[0], lambda given: [] if given in known else [f"one of {', '.join(known)}"])
