"""TOML and the environment become `Settings`; every problem is told at once, and an unknown key stops.

The environment wins over the file. A secret may also be given as a file: ``url_file`` in TOML or
``WATCHWORD_DATABASE_URL_FILE`` in the environment.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from watchword.config.options import Option, Reading
from watchword.config.settings import SECTIONS, Settings, all_options
from watchword.errors import WatchwordError

PREFIX = "WATCHWORD_"
# Read elsewhere: the first two by this package, the third by failpoints.py, which `serve` refuses.
_OTHER_VARIABLES = frozenset({"WATCHWORD_CONFIG", "WATCHWORD_DATA_DIR", "WATCHWORD_FAILPOINTS"})
# Kubernetes puts these into every pod that shares a namespace with a service named "watchword".
_KUBERNETES_LINK = re.compile(r"WATCHWORD_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_\w+)?)")
_SECRET_LIMIT = 65_536


class ConfigurationError(WatchwordError):
    """The configuration cannot be used; ``problems`` holds every reason, one sentence each.

    Args:
        problems: the reasons.
        readable: the settings with defaults where a value cannot be read, for whoever looks for further problems;
            None when a value is unreadable that has no default.
        unreadable: the keys of those values.
    """

    code: ClassVar[str] = "configuration"

    def __init__(
        self, problems: tuple[str, ...], *, readable: Settings | None = None, unreadable: tuple[str, ...] = ()
    ) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.readable = readable
        self.unreadable = unreadable


@dataclass(frozen=True, slots=True)
class Explained:
    """An option, its value as it may be shown, and where that came from."""

    option: Option
    shown: str
    source: str

    @property
    def shown_default(self) -> str:
        """The default as it may be shown."""
        return "must be given" if self.option.required else _shown(self.option, self.option.default)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and how each of them came about."""

    settings: Settings
    explained: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    value: Any
    source: str
    base: Path
    is_file: bool = False


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Loaded:
    """Read everything.

    Args:
        path: the TOML file, or None when the environment says it all.
        environment: variables by name; the process's own unless given.

    Raises:
        ConfigurationError: with every problem found.
    """
    variables = os.environ if environment is None else environment
    problems: list[str] = []
    given = dict(_from_file(path, problems)) if path is not None else {}
    given.update(_from_environment(variables, problems))
    sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    explained, unreadable, is_complete = [], [], True
    for option in all_options():
        try:
            value, source = _decide(option, given)
        except ValueError as error:
            problems.append(f"{option.key} {error}")
            unreadable.append(option.key)
            is_complete = is_complete and not option.required
            value, source = option.default, "default"
        sections[option.section][option.name] = value
        explained.append(Explained(option, _shown(option, value), source))
    if not is_complete:
        raise ConfigurationError(tuple(problems), unreadable=tuple(unreadable))
    settings = Settings(**{name: SECTIONS[name](**chosen) for name, chosen in sections.items()})
    told = [option.key for option in all_options() if any(said.startswith(f"{option.key} ") for said in problems)]
    problems.extend(_about_others(_contradictions(settings), told))
    if problems:
        raise ConfigurationError(tuple(problems), readable=settings, unreadable=tuple(unreadable))
    return Loaded(settings, tuple(explained))


def _about_others(problems: Iterable[str], told: Sequence[str]) -> Iterator[str]:
    """Those that do not follow from a value of which a problem has been told."""
    return (problem for problem in problems if not any(key in problem for key in told))


def _decide(option: Option, given: Mapping[str, _Given]) -> tuple[Any, str]:
    found = given.get(option.key)
    if found is None:
        if option.required:
            raise ValueError(f"is missing: set it in the configuration file or as {option.variable}")
        return option.default, "default"
    reading = Reading(found.base)
    if found.is_file:
        return option.parse(_secret_text(found, reading), reading), found.source
    return option.parse(found.value, reading), found.source


def _secret_text(found: _Given, reading: Reading) -> str:
    if not isinstance(found.value, str) or not found.value.strip():
        raise ValueError("is to be read from a file, but no file is named")
    try:
        with (reading.base / found.value.strip()).open("rb") as file:
            content = file.read(_SECRET_LIMIT + 1)
        if len(content) > _SECRET_LIMIT:
            raise ValueError("is to be read from a file that is too large")
        return content.decode()
    except OSError as error:
        raise ValueError(f"cannot be read from its file ({error.strerror})") from error
    except UnicodeDecodeError:
        raise ValueError("is to be read from a file that is not UTF-8 text") from None


def _shown(option: Option, value: Any) -> str:
    if value is None or value == ():
        return "-"
    if option.secret:
        return "(secret)"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _from_file(path: Path, problems: list[str]) -> Iterator[tuple[str, _Given]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"the configuration file {path} cannot be read ({error.strerror})")
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = re.search(r"\(at .*\)$", str(error))  # the rest of the message repeats what the file holds
        problems.append(f"the configuration file {path} is not TOML {where[0] if where else ''}".rstrip())
        return
    known = {option.key: option for option in all_options()}
    for section, entries in document.items():
        if section not in SECTIONS or not isinstance(entries, dict):
            problems.append(f"{section} is not a section of the configuration: {', '.join(SECTIONS)}")
            continue
        for name, value in entries.items():
            yield from _one_of_file(known, f"{section}.{name}", value, path, problems)


def _one_of_file(
    known: Mapping[str, Option], key: str, value: Any, path: Path, problems: list[str]
) -> Iterator[tuple[str, _Given]]:
    twin = known.get(key.removesuffix("_file")) if key.endswith("_file") else None
    if (option := known.get(key)) is not None:
        if option.file_only or option.key == "keys.master_key":
            problems.append(f"{key} must not stand in the configuration file: name its file as {key}_file")
        else:
            yield key, _Given(value, path.name, path.parent)
    elif twin is not None and twin.secret:
        yield twin.key, _Given(value, f"file named in {path.name}", path.parent, is_file=True)
    else:
        problems.append(f"{key} is not a setting")


def _from_environment(variables: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, _Given]]:
    plain = {option.variable: option for option in all_options()}
    twins = {f"{option.variable}_FILE": option for option in all_options() if option.secret}
    here = Path.cwd()
    for variable in sorted(variables):
        if not variable.startswith(PREFIX) or variable in _OTHER_VARIABLES or _KUBERNETES_LINK.fullmatch(variable):
            continue
        if (option := plain.get(variable)) is not None and not option.file_only:
            if f"{variable}_FILE" in variables and option.secret:
                problems.append(f"{variable} and {variable}_FILE are both set: keep one")
            yield option.key, _Given(variables[variable], variable, here)
        elif (option := twins.get(variable)) is not None:
            yield option.key, _Given(variables[variable], f"file named in {variable}", here, is_file=True)
        else:
            problems.append(f"{variable} is not a setting (a misspelt name?)")


def _contradictions(settings: Settings) -> Iterator[str]:
    """What no mode allows."""
    server, keys = settings.server, settings.keys
    if (server.tls_certificate is None) != (server.tls_key is None):
        yield "server.tls_certificate and server.tls_key belong together: set both or neither"
    if keys.master_key is not None and keys.master_key_file is not None:
        yield "keys.master_key and keys.master_key_file are both set: keep one"
    if keys.kms is not None and (keys.master_key is not None or keys.master_key_file is not None):
        yield "keys.kms is set and a master key is named too: one that is being left is keys.previous_master_key_file"
    if keys.kms == "aws" and keys.aws_kms_key_id is None:
        yield 'keys.kms is "aws", but keys.aws_kms_key_id names no key'
    if (settings.admin.email is None) != (settings.admin.password is None):
        yield "admin.email and admin.password belong together: set both or neither"
    if settings.tokens.refresh_idle > settings.tokens.refresh_lifetime:
        yield "tokens.refresh_idle is longer than tokens.refresh_lifetime"
    if settings.sessions.idle > settings.sessions.lifetime:
        yield "sessions.idle is longer than sessions.lifetime"
    if keys.access_token_algorithm not in keys.algorithms:
        yield "keys.access_token_algorithm is not one of keys.algorithms"
    if keys.lifetime < keys.jwks_max_age + keys.refresh:
        yield "keys.lifetime is shorter than it takes to publish a successor (keys.jwks_max_age + keys.refresh)"
