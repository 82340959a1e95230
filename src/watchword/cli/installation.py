"""How commands reach the installation: which configuration, and the desk that actions are done at."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from watchword.config import Loaded, find_configuration, load
from watchword.errors import WatchwordError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from watchword.admin.desk import AdminDesk

T = TypeVar("T")


class NoInstallationError(WatchwordError):
    """There is nothing to act on yet."""

    code: ClassVar[str] = "no_installation"


def add_configuration_arguments(parser: argparse.ArgumentParser) -> None:
    """The options by which every command finds its installation."""
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration file (else WATCHWORD_CONFIG, ./watchword.toml)"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="the directory of a `watchword up` (else ./.watchword)")


def load_configuration(args: argparse.Namespace) -> Loaded:
    """The configuration that the arguments and the environment name.

    Raises:
        ConfigurationError: with every problem of it.
    """
    return load(find_configuration(args.config, args.data_dir))


def at_desk(args: argparse.Namespace, action: "Callable[[AdminDesk], Awaitable[T]]") -> T:
    """Do ``action`` at the desk of the installation, and close everything after it.

    Raises:
        NoInstallationError: there is no database yet.
        ConfigurationError, SchemaBehindError, MasterKeyError, StoreUnavailableError: it cannot be opened.
    """
    from watchword.wiring import open_desk  # noqa: PLC0415  the server is loaded when a command needs it

    if find_configuration(args.config, args.data_dir) is None and args.data_dir is None:
        try:
            settings = load_configuration(args).settings
        except WatchwordError as error:
            raise NoInstallationError(
                "there is no installation here: run `watchword up`, or name one with --config"
            ) from error
    else:
        settings = load_configuration(args).settings
    path = sqlite_file(settings.database.url)
    if path is not None and not path.exists():
        raise NoInstallationError("there is no database yet: run `watchword up` or `watchword migrate`")

    async def work() -> T:
        async with open_desk(settings) as desk:
            return await action(desk)

    return asyncio.run(work())


def sqlite_file(url: str) -> Path | None:
    """The data file of an SQLite URL; None for another database."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
