"""What the demonstration needs to know: names and addresses, and one client secret."""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from watchword.errors import WatchwordError


class DemoSettingsError(WatchwordError):
    """The settings file is missing, readable by others, or does not say what is needed."""

    code = "demo_settings"


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Settings of the demonstration.

    Args:
        issuer: whose tokens the orders API takes, and where people sign in.
        origin: where browsers reach the demonstration, such as ``http://localhost:8401``.
        audience: the identifier of the orders API.
        client_id: of the web application, registered with redirect URI ``{origin}/callback`` and post-logout
            redirect URI ``{origin}/``.
        client_secret: of the web application.
        stylesheet: URL of a stylesheet; None leaves the pages plain.
        api_url: where the web application reaches the orders API; None means ``origin``.
    """

    issuer: str
    origin: str
    audience: str
    client_id: str
    client_secret: str = field(repr=False)
    stylesheet: str | None = None
    api_url: str | None = None

    @classmethod
    def from_file(cls, path: Path) -> "DemoSettings":
        """Read the JSON file that the supervisor wrote.

        Raises:
            DemoSettingsError: it cannot be read, others can read it, or it is not the expected object.
        """
        try:
            with path.open("rb") as file:
                if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise DemoSettingsError("the settings file holds a secret; allow only its owner (chmod go=)")
                record = json.load(file)
        except (OSError, ValueError) as error:
            raise DemoSettingsError("the settings file cannot be read as JSON") from error
        return cls(**_checked(record))

    @property
    def is_plain_http(self) -> bool:
        """Whether this is a local demonstration: cookies then carry the port, as cookies ignore ports."""
        return urlsplit(self.origin).scheme == "http"

    @property
    def orders_url(self) -> str:
        """The address of the orders."""
        return f"{self.api_url or self.origin}/orders"


_REQUIRED = ("issuer", "origin", "audience", "client_id", "client_secret")
_OPTIONAL = ("stylesheet", "api_url")


def _checked(record: Any) -> dict[str, str]:
    if not isinstance(record, dict):
        raise DemoSettingsError("the settings file does not hold an object")
    missing = [name for name in _REQUIRED if not record.get(name)]
    unknown = [name for name in record if name not in (*_REQUIRED, *_OPTIONAL)]
    if missing or unknown:
        raise DemoSettingsError(f"settings missing: {missing}, unknown: {unknown}")
    given = {name: value for name, value in record.items() if value is not None}
    if not all(isinstance(value, str) for value in given.values()):
        raise DemoSettingsError("every setting is a text")
    return given
