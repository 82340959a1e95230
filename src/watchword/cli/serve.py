"""``watchword serve``: the issuer in production, under https, with everything that is wrong told at once.

This process looks after the workers that serve; each of them is a `watchword.cli.serve_worker`.
"""

import argparse
import asyncio
import logging.config
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from watchword.cli.failures import ACKNOWLEDGE, RESTORED, several, told
from watchword.cli.installation import add_configuration_arguments, load_configuration
from watchword.cli.telling import missing_extras
from watchword.clock import SystemClock
from watchword.config import ConfigurationError, Loaded, Settings, notify_socket, production_problems
from watchword.errors import WatchwordError

if TYPE_CHECKING:
    from watchword.server.run import Listen
    from watchword.store.engine import Store
    from watchword.store.sealing import MasterKey

NAME = "serve"
HELP = "run the issuer in production"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", metavar="N", type=_number, help="processes that answer requests (server.workers)")
    add_configuration_arguments(parser)
    # For whoever starts several of these processes as one issuer.
    parser.add_argument("--metrics-directory", type=Path, help=argparse.SUPPRESS)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1 on")
    return int(text)


def run(args: argparse.Namespace) -> int:
    found = examine(args)
    if not isinstance(found, Loaded):
        return _refuse(found)
    from watchword.server import logs  # noqa: PLC0415  loaded when it is needed
    from watchword.server.notify import tell_ready  # noqa: PLC0415
    from watchword.server.run import all_sockets  # noqa: PLC0415
    from watchword.server.workers.supervisor import Supervisor  # noqa: PLC0415

    manager = notify_socket()

    settings = found.settings
    sockets = all_sockets(listen(settings))
    logging.config.dictConfig(logs.configuration(settings.telemetry.log_level.upper()))
    with _metrics_directory(settings, args.metrics_directory) as metrics:
        supervisor = Supervisor(
            command=_worker_command(args, metrics),
            sockets=sockets,
            workers=args.workers or settings.server.workers,
            follows=args.workers is None,
            clock=SystemClock(),
            refuse=_refuse,
            ready=lambda: None if manager is None else tell_ready(manager),
            ended=lambda pid: _forget(metrics, pid),
        )
        return supervisor.run()


@contextmanager
def _metrics_directory(settings: Settings, given: Path | None) -> Iterator[Path | None]:
    """Where the workers keep their numbers, so that each of them can tell those of all."""
    if given is not None or settings.server.management_port is None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="watchword-metrics-") as made:
        yield Path(made)


def _forget(metrics: Path | None, pid: int) -> None:
    if metrics is not None:
        from watchword.server.metrics import forget_process  # noqa: PLC0415  an extra

        forget_process(metrics, pid)


def _worker_command(args: argparse.Namespace, metrics: Path | None) -> list[str]:
    command = ["-m", "watchword.cli.local.leash", "{leash}", "watchword.cli.serve_worker"]
    command += ["--sockets", "{sockets}", "--report", "{report}"]
    directory = None if metrics is None else str(metrics)
    named = (("--config", args.config), ("--data-dir", args.data_dir), ("--metrics-directory", directory))
    for option, value in named:
        if value is not None:
            command += [option, _literal(value)]
    return command


def _literal(text: str) -> str:
    """``text`` as it stands in a format."""
    return text.replace("{", "{{").replace("}", "}}")


def examine(args: argparse.Namespace) -> Loaded | list[str]:
    """The configuration that ``args`` name, or every reason why the issuer cannot be served with it."""
    try:
        loaded = load_configuration(args)
    except ConfigurationError as error:
        further = [] if error.readable is None else _problems(error.readable)
        others = [problem for problem in further if not any(key in problem for key in error.unreadable)]
        return [*error.problems, *others]
    return _problems(loaded.settings) or loaded


def listen(settings: Settings) -> "Listen":
    """Where the settings say to listen."""
    from watchword.server.run import Listen  # noqa: PLC0415  loaded when it is needed
    from watchword.server.tls import CertificateFiles  # noqa: PLC0415

    server = settings.server
    tls = None
    if server.tls_certificate is not None and server.tls_key is not None:
        tls = CertificateFiles(Path(server.tls_certificate), Path(server.tls_key))
    return Listen(server.listen, server.port, tls)


def _problems(settings: Settings) -> list[str]:
    """Everything that keeps these settings from serving others."""
    return (
        production_problems(settings)
        + missing_extras(settings)
        + _installation_problems(settings)
        + _certificate_problems(settings)
    )


def _refuse(problems: list[str]) -> int:
    print("\n".join(several("`watchword serve` does not start", problems)), file=sys.stderr)
    return 1


def _installation_problems(settings: Settings) -> list[str]:
    """What is wrong with the database and the master key; opened, looked at, closed again."""
    return asyncio.run(_look(settings))


async def _look(settings: Settings) -> list[str]:
    from watchword.admin import installation  # noqa: PLC0415  loaded when it is needed
    from watchword.cli.installation import sqlite_file  # noqa: PLC0415
    from watchword.store.engine import open_store  # noqa: PLC0415
    from watchword.store.schema import check_current  # noqa: PLC0415

    path = sqlite_file(settings.database.url)
    if path is not None and not path.exists():
        return [*_file_problems(settings), "there is no database yet: run `watchword migrate`"]
    problems = []
    store = open_store(settings.database.url)
    try:
        found = await installation.look(store)
        if not found.is_current:
            await store.read(check_current)  # says which way it differs, and what to do
        elif found.issuer is None:
            problems.append("the database is not an installation yet: run `watchword migrate`")
        else:
            if found.issuer != settings.server.issuer:
                problems.append(f"server.issuer differs from the one this installation was made for ({found.issuer})")
            problems.extend(await _key_problems(settings, store))
            return problems
    except WatchwordError as error:
        problems.append(error.sentence)
    finally:
        await store.close()
    return [*_file_problems(settings), *problems]


def _file_problems(settings: Settings) -> list[str]:
    """What is wrong with the files of master keys, as far as that can be told without the database."""
    from watchword.wiring import master_key_files  # noqa: PLC0415  loaded when it is needed

    try:
        master_key_files(settings)
    except WatchwordError as error:
        return [told(error)]
    return []


async def _key_problems(settings: Settings, store: "Store") -> list[str]:
    """What is wrong with the master key of an installation; with the right one at hand, whether it was restored."""
    from watchword.admin import installation  # noqa: PLC0415  loaded when it is needed
    from watchword.wiring import find_master_key  # noqa: PLC0415

    keys = settings.keys
    if keys.master_key is None and keys.master_key_file is None and keys.kms is None:
        return []  # told already
    try:
        key = await find_master_key(settings, store)
        await installation.check(store, key)
        return await _restore_problems(settings, store, key)
    except WatchwordError as error:
        return [told(error)]


async def _restore_problems(settings: Settings, store: "Store", key: "MasterKey") -> list[str]:
    """Whether the database is an older copy of itself, which must not serve until an operator has acknowledged it."""
    from watchword.admin import restore  # noqa: PLC0415  loaded when it is needed

    judgement = await restore.look(store, key, settings.witness_file)
    return [f"{RESTORED} ({judgement.reason}): {ACKNOWLEDGE}"] if judgement.verdict == "restored" else []


def _certificate_problems(settings: Settings) -> list[str]:
    from watchword.server.tls import new_context  # noqa: PLC0415  loaded when it is needed

    files = listen(settings).tls
    if files is None:
        return []
    try:
        new_context(files)
    except ssl.SSLError:
        return ["server.tls_certificate and server.tls_key do not fit each other, are not PEM, or want a passphrase"]
    except OSError:
        return []  # told already
    return []
