"""What the environment says besides settings: where things are, and who is looking."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

DATA_DIRECTORY = ".watchword"
FILE_NAME = "watchword.toml"


def find_configuration(
    chosen: str | None, data_directory: str | None, environment: Mapping[str, str] | None = None
) -> Path | None:
    """The configuration file to use, or None when there is none.

    The one named on the command line, else ``WATCHWORD_CONFIG``, else the one in the data directory that was named,
    else ``watchword.toml`` here, else the one that ``watchword up`` keeps in ``.watchword``.
    """
    variables = os.environ if environment is None else environment
    if chosen or variables.get("WATCHWORD_CONFIG"):
        return Path(chosen or variables["WATCHWORD_CONFIG"])
    if data_directory or variables.get("WATCHWORD_DATA_DIR"):
        return Path(data_directory or variables["WATCHWORD_DATA_DIR"]) / FILE_NAME
    return next((path for path in (Path(FILE_NAME), Path(DATA_DIRECTORY) / FILE_NAME) if path.is_file()), None)


def data_directory(chosen: str | None, environment: Mapping[str, str] | None = None) -> Path:
    """Where ``watchword up`` keeps everything."""
    variables = os.environ if environment is None else environment
    return Path(chosen or variables.get("WATCHWORD_DATA_DIR") or DATA_DIRECTORY)


def wants_colour(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the terminal shows colour: it is one, and nobody said no (https://no-color.org)."""
    variables = os.environ if environment is None else environment
    return sys.stdout.isatty() and not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"


def has_display(environment: Mapping[str, str] | None = None) -> bool:
    """Whether a browser window can appear."""
    variables = os.environ if environment is None else environment
    if sys.platform.startswith(("darwin", "win")):
        return True
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def inherited(**changes: str) -> dict[str, str]:
    """The environment for a child process: this one's, with ``changes``."""
    return {**os.environ, **changes}


def share_metrics_directory(directory: Path) -> None:
    """Tell prometheus_client, which takes it from the environment alone, where processes keep their numbers."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)


def notify_socket(environment: Mapping[str, str] | None = None) -> str | None:
    """Where systemd wants to be told that a service is ready (``Type=notify``); None when nobody wants to know."""
    variables = os.environ if environment is None else environment
    return variables.get("NOTIFY_SOCKET") or None
