"""``watchword serve``: the issuer in production, under https, with everything that is wrong told at once."""

import argparse
import asyncio
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchword.cli.failures import several
from watchword.cli.installation import add_configuration_arguments, load_configuration
from watchword.config import ConfigurationError, Settings, notify_socket, production_problems
from watchword.errors import WatchwordError

if TYPE_CHECKING:
    from watchword.server.run import Listen

NAME = "serve"
HELP = "run the issuer in production"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from watchword.server.notify import tell_ready  # noqa: PLC0415  loaded when it is needed
    from watchword.server.run import serve  # noqa: PLC0415

    try:
        loaded = load_configuration(args)
    except ConfigurationError as error:
        further = [] if error.readable is None else _problems(error.readable)
        told = [problem for problem in further if not any(key in problem for key in error.unreadable)]
        return _refuse([*error.problems, *told])
    settings = loaded.settings
    if problems := _problems(settings):
        return _refuse(problems)

    async def opening() -> Any:
        from watchword.wiring import create_application, open_issuer  # noqa: PLC0415

        return create_application(await open_issuer(settings), loaded.explained)

    manager = notify_socket()
    serve(opening, listen(settings), ready=lambda: None if manager is None else tell_ready(manager))
    return 0


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
    return production_problems(settings) + _installation_problems(settings) + _certificate_problems(settings)


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
    from watchword.wiring import master_key  # noqa: PLC0415

    problems = []
    key = None
    try:
        if settings.keys.master_key is not None or settings.keys.master_key_file is not None:
            key = master_key(settings)
    except WatchwordError as error:
        problems.append(error.sentence)
    path = sqlite_file(settings.database.url)
    if path is not None and not path.exists():
        return [*problems, "there is no database yet: run `watchword migrate`"]
    store = open_store(settings.database.url)
    try:
        found = await installation.look(store)
        if not found.is_current:
            problems.append("the database schema must be migrated first: run `watchword migrate`")
        elif found.issuer is None:
            problems.append("the database is not an installation yet: run `watchword migrate`")
        else:
            if found.issuer != settings.server.issuer:
                problems.append(f"server.issuer differs from the one this installation was made for ({found.issuer})")
            if key is not None:
                await installation.check(store, key)
    except WatchwordError as error:
        problems.append(error.sentence)
    finally:
        await store.close()
    return problems


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
