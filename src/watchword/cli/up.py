"""``watchword up``: everything, with no configuration, on this machine."""

import argparse
import importlib.util
import json
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from watchword.cli.failures import needs_server
from watchword.cli.local.directory import DataDirectory
from watchword.cli.local.errors import LocalError, UsageError
from watchword.cli.local.greeting import Running, greeting
from watchword.cli.local.names import LocalNames, load_or_choose
from watchword.cli.local.ports import choose_port
from watchword.cli.local.settings_file import recorded_ports, write_settings
from watchword.cli.local.supervisor import StopRequestedError, Supervisor, stopping_on_signals
from watchword.cli.terminal import progress, styled
from watchword.clock import SystemClock
from watchword.config import LOOPBACK_HOSTS, Settings, data_directory, has_display, load
from watchword.config.public_url import public_url_problem
from watchword.store.whole_file import replace_whole

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "up"
HELP = "run everything on this machine, with no configuration"
PORT, DEMO_PORT = 8400, 8401
SCOPE = "orders:read"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, metavar="N", help=f"the issuer's port (default {PORT}; 0: any)")
    parser.add_argument("--demo-port", type=int, metavar="N", help=f"the demo API's port (default {DEMO_PORT}; 0: any)")
    parser.add_argument("--data-dir", metavar="DIR", help="where everything is kept (default .watchword)")
    parser.add_argument("--ephemeral", action="store_true", help="keep nothing")
    parser.add_argument(
        "--seed", metavar="FILE", type=Path, help="APIs, clients and users to have ready (docs/seed.md)"
    )
    parser.add_argument(
        "--ready-file", metavar="PATH", type=Path, help="write what runs to PATH once everything answers"
    )
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    parser.add_argument("--listen", metavar="ADDRESS", default="localhost", help="listen on another address too")
    parser.add_argument("--public-url", metavar="URL", help="the issuer's address as others see it (https)")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to run where."""

    issuer: str
    demo_url: str
    port: int
    demo_port: int
    warnings: list[str]


def run(args: argparse.Namespace) -> int:
    if any(importlib.util.find_spec(name) is None for name in ("sqlalchemy", "starlette", "uvicorn")):
        print("\n".join(needs_server()), file=sys.stderr)
        return 1
    _check(args)
    path = None if args.ephemeral else data_directory(args.data_dir)
    with stopping_on_signals():
        try:
            with DataDirectory(path) as directory:
                return _run_in(directory, args)
        except StopRequestedError:
            return 0


def _check(args: argparse.Namespace) -> None:
    problems = []
    for name, port in (("--port", args.port), ("--demo-port", args.demo_port)):
        if port is not None and not 0 <= port < 65536:
            problems.append(f"{name} must be from 0 to 65535")
    if args.ephemeral and args.data_dir:
        problems.append("--ephemeral keeps nothing, so --data-dir has no use")
    if args.public_url is not None and (problem := public_url_problem(args.public_url)) is not None:
        problems.append(f"--public-url {problem}")
    if args.seed is not None and not args.seed.is_file():
        problems.append("--seed names no file")
    if args.ready_file is not None and not args.ready_file.absolute().parent.is_dir():
        problems.append("--ready-file is to be in a directory that does not exist")
    if args.ready_file is not None and args.ready_file.is_dir():
        problems.append("--ready-file names a directory")
    if problems:
        raise UsageError(*problems)


def _run_in(directory: DataDirectory, args: argparse.Namespace) -> int:
    plan = _plan(directory, args)
    names = load_or_choose(directory.names)
    settings = _write_files(directory, args, plan, names)
    issuer_arguments = ["--config", str(directory.settings), "--names", str(directory.names)]
    if args.seed is not None:
        issuer_arguments += ["--seed", str(args.seed.absolute())]
    supervisor = Supervisor(
        clock=SystemClock(),
        issuer_arguments=issuer_arguments,
        demo_arguments=["--settings", str(directory.demo_settings), "--port", str(plan.demo_port)],
        logs=directory.log,
        tell=lambda sentence: print(f"  {styled('!', 'yellow')} {sentence}", file=sys.stderr, flush=True),
    )
    ready_file: Path | None = None
    try:
        probe = f"http://localhost:{plan.demo_port}/.well-known/oauth-protected-resource"
        with progress("Starting"):
            report = supervisor.start(probe=probe)
        setup = None if report.setup is None else f"{plan.issuer}/setup?token={report.setup}"
        running = Running(
            issuer=plan.issuer,
            demo_api=plan.demo_url,
            client_id=names.machine_id,
            client_secret=names.machine_secret,
            scope=SCOPE,
            resource=plan.demo_url,
            setup=setup,
        )
        if args.ready_file is not None:
            ready_file = args.ready_file.absolute()
            replace_whole(ready_file, (json.dumps(running.members(), indent=2) + "\n").encode())
        kept_in = "nothing is kept" if directory.is_ephemeral else str(directory.path)
        print(greeting(running, report, kept_in=kept_in, warnings=plan.warnings), flush=True)
        if not args.no_open and has_display() and settings.is_local:
            _open(setup or running.console)
        supervisor.watch()
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        supervisor.stop()
    return 0


def _plan(directory: DataDirectory, args: argparse.Namespace) -> _Plan:
    known_port, known_demo_port = recorded_ports(directory.settings)
    wanted = _first(args.port, known_port, PORT)
    wanted_demo = _first(args.demo_port, known_demo_port, DEMO_PORT)
    port = choose_port(wanted, hosts=dict.fromkeys((args.listen, "localhost")), avoid={wanted_demo})
    demo_port = choose_port(wanted_demo, hosts=("localhost",), avoid={port})
    warnings = [
        f"port {asked} is in use; the {who} is on {chosen}"
        for who, asked, chosen in (("issuer", wanted, port), ("orders API", wanted_demo, demo_port))
        if asked not in {0, chosen}
    ]
    if args.listen not in LOOPBACK_HOSTS and args.public_url is None:
        warnings.append(f"listening on {args.listen} without TLS: who is on that network can connect and read along")
    issuer = args.public_url or f"http://localhost:{port}"
    return _Plan(issuer, f"http://localhost:{demo_port}", port, demo_port, warnings)


def _first(*candidates: int | None) -> int:
    return next(candidate for candidate in candidates if candidate is not None)


def _write_files(directory: DataDirectory, args: argparse.Namespace, plan: _Plan, names: LocalNames) -> Settings:
    own: dict[str, dict[str, str | int | tuple[str, ...]]] = {
        "server": {"issuer": plan.issuer, "listen": args.listen, "port": plan.port},
        "database": {"url": f"sqlite:///{directory.database}"},
        # The least that counts in `issuer.keys.rotation.prepublication`: somebody who tries out a rotation has to wait
        # a little more than a minute for the next one, and five otherwise.
        "keys": {"master_key_file": str(directory.master_key), "jwks_max_age": 60},
        "local": {"demo_url": plan.demo_url, "cli_client_id": names.command_line_id},
    }
    if args.public_url is not None:
        own["server"]["hosts"] = (f"localhost:{plan.port}", f"127.0.0.1:{plan.port}")
    write_settings(directory.settings, own)
    settings = load(directory.settings).settings
    decided: tuple[tuple[str, Callable[[Settings], object], object], ...] = (
        ("WATCHWORD_SERVER_ISSUER", lambda made: made.server.issuer, plan.issuer),
        ("WATCHWORD_SERVER_LISTEN", lambda made: made.server.listen, args.listen),
        ("WATCHWORD_SERVER_PORT", lambda made: made.server.port, plan.port),
        ("WATCHWORD_DATABASE_URL", lambda made: made.database.url, f"sqlite:///{directory.database}"),
        ("WATCHWORD_LOCAL_DEMO_URL", lambda made: made.local.demo_url, plan.demo_url),
    )
    problems = [
        f"{name} is set, but `watchword up` decides that by its options"
        for name, get, own_value in decided
        if get(settings) != own_value
    ]
    if problems:
        raise LocalError(*problems)
    demo = {
        "issuer": plan.issuer,
        "origin": plan.demo_url,
        "audience": plan.demo_url,
        "client_id": names.demo_id,
        "client_secret": names.demo_secret,
        "stylesheet": f"{plan.issuer}/static/watchword.css",
    }
    replace_whole(directory.demo_settings, (json.dumps(demo, indent=2) + "\n").encode())
    return settings


def _open(url: str) -> None:
    try:
        webbrowser.open(url)
    except webbrowser.Error:
        return  # the link is on the screen
