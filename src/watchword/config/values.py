"""How each kind of value is read, from TOML (typed) or from the environment (text)."""

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from watchword.config.options import Reading
from watchword.jose.algorithms import ASYMMETRIC

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,9})\s*([smhd]?)")
_HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?")


def text(value: Any, _reading: Reading) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    return value.strip()


def secret(value: Any, _reading: Reading) -> str:
    """A text kept exactly, but for one line end after it."""
    if not isinstance(value, str) or not value.strip("\r\n"):
        raise ValueError("must be a text that is not empty")
    return value.removesuffix("\n").removesuffix("\r")


def base_url(value: Any, reading: Reading) -> str:
    """An http or https URL without query, fragment, credentials or a slash at the end."""
    url = text(value, reading)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL like https://auth.example.com")
    if parts.query or parts.fragment or "?" in url or "#" in url or parts.username is not None:
        raise ValueError("must have no query, fragment or credentials")
    if url.endswith("/"):
        raise ValueError("must not end with a slash: tokens carry it byte for byte")
    try:
        parts.port  # noqa: B018  reading it is the check
    except ValueError:
        raise ValueError("has a port that is not a number up to 65535") from None
    if (
        any(ord(character) <= 0x20 or ord(character) > 0x7E for character in url)
        or parts.netloc != parts.netloc.lower()
    ):
        raise ValueError("must be lower-case ASCII in its host and without spaces")
    return url


def key_provider(value: Any, _reading: Reading) -> str:
    """A key management service that can wrap the master key."""
    if value != "aws":
        raise ValueError('must be "aws", or left out')
    return "aws"


def issuer_url(value: Any, reading: Reading) -> str:
    """The name of an issuer: a `base_url` as browsers write it, at the root of its host."""
    url = base_url(value, reading)
    parts = urlsplit(url)
    if parts.port == {"https": 443, "http": 80}[parts.scheme]:
        # Browsers leave the default port out of Host and Origin; under that name every request would be refused.
        raise ValueError("must not name the default port of its scheme")
    if parts.path:
        raise ValueError("must have no path: the pages are served from the root of their host")
    return url


def port(value: Any, _reading: Reading) -> int:
    """A TCP port."""
    number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 65536:
        raise ValueError("must be a port from 1 to 65535")
    return number


def seconds(value: Any, _reading: Reading) -> int:
    """A duration: whole seconds, or a text such as "10m", "12h", "30d"."""
    if isinstance(value, bool):
        raise ValueError('must be seconds, or a text such as "10m", "12h" or "30d"')  # noqa: TRY004  one kind of error
    if isinstance(value, int):
        number = value
    else:
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError('must be seconds, or a text such as "10m", "12h" or "30d"')
        number = int(match[1]) * _UNITS[match[2] or "s"]
    if number <= 0:
        raise ValueError("must be longer than nothing")
    return number


def count(value: Any, _reading: Reading) -> int:
    """A whole number from 1 on."""
    number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError("must be a whole number from 1 on")
    return number


def switch(value: Any, _reading: Reading) -> bool:
    """On or off."""
    said = {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(said, bool):
        raise ValueError("must be true or false")  # noqa: TRY004  one kind of error
    return said


def log_level(value: Any, reading: Reading) -> str:
    """How much is logged."""
    level = text(value, reading).lower()
    if level not in {"debug", "info", "warning"}:
        raise ValueError("must be debug, info or warning")
    return level


def percent(value: Any, reading: Reading) -> int:
    """A whole number from 1 to 100."""
    number = count(value, reading)
    if number > 100:
        raise ValueError("must be a whole number from 1 to 100")
    return number


def path(value: Any, reading: Reading) -> str:
    """A file's absolute path; a relative one starts at the configuration file (or, in the environment, here)."""
    return str((reading.base / text(value, reading)).resolve())


def _texts(value: Any) -> list[str]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError("must be a list of texts (in the environment: separated by commas)")
    return [item.strip() for item in items]


def hosts(value: Any, _reading: Reading) -> tuple[str, ...]:
    """Host names, with a port where it is not the scheme's own."""
    names = _texts(value)
    if not all(_HOST.fullmatch(name) for name in names):
        raise ValueError('must be host names such as "auth.example.com" or "localhost:8400"')
    return tuple(name.lower() for name in names)


def networks(value: Any, _reading: Reading) -> tuple[str, ...]:
    """IP addresses or networks in CIDR form."""
    try:
        return tuple(str(ipaddress.ip_network(item)) for item in _texts(value))
    except ValueError:
        raise ValueError('must be addresses or networks such as "10.0.0.7" or "10.0.0.0/24"') from None


def database_url(value: Any, reading: Reading) -> str:
    """``sqlite:////absolute/path`` (``sqlite:///path`` is relative like `path`) or ``postgresql://…``."""
    url = text(value, reading)
    if url.startswith("sqlite:///"):
        return f"sqlite:///{(reading.base / url.removeprefix('sqlite:///')).resolve()}"
    if url.startswith("postgresql://"):
        return url
    raise ValueError("must start with sqlite:/// or postgresql://")


def algorithm(value: Any, reading: Reading) -> str:
    """A signature algorithm whose verifiers need no secret."""
    name = text(value, reading)
    if name not in ASYMMETRIC:
        raise ValueError(f"must be one of {', '.join(ASYMMETRIC)}")
    return name


def algorithms(value: Any, reading: Reading) -> tuple[str, ...]:
    """Signature algorithms, ES256 and RS256 among them."""
    names = tuple(dict.fromkeys(algorithm(item, reading) for item in _texts(value)))
    if not {"ES256", "RS256"} <= set(names):
        # RS256 is what OpenID Connect Core promises every client, ES256 what the console itself signs in with.
        raise ValueError("must name ES256 and RS256 beside any others")
    return names
