"""Settings: each with its value, what it means, and where the value comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from starlette.applications import Starlette
from starlette.responses import Response

from watchword.console.pages import console_page
from watchword.console.visit import Visit

_SECTIONS = {
    "server": "Name and address",
    "database": "Records",
    "keys": "Keys",
    "tokens": "Tokens",
    "sessions": "Sessions",
    "admin": "First administrator",
    "local": "On this machine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as it may be shown; whoever reads the configuration hands it over in words.

    Args:
        key: its name in the file, such as ``server.port``.
        variable: its name in the environment.
        value: what holds; never a secret.
        default: what would hold if nobody had said anything.
        source: ``default``, the name of the file, or the variable that said it.
        meaning: what it is for.
    """

    key: str
    variable: str
    value: str
    default: str
    source: str
    meaning: str

    @property
    def is_default(self) -> bool:
        """Whether nobody has said anything."""
        return self.source == "default"

    @property
    def section(self) -> str:
        """The part of the file it belongs to."""
        return self.key.partition(".")[0]


def tell_settings(application: Starlette, settings: Iterable[Setting]) -> None:
    """Put the settings beside the application, for the page below."""
    application.state.told_settings = tuple(settings)


async def settings(visit: Visit) -> Response:
    """``GET /console/settings``."""
    told = cast("Sequence[Setting]", visit.request.app.state.told_settings)
    groups = [
        {"id": name, "title": _SECTIONS.get(name, name), "rows": [_row(one) for one in group]}
        for name, group in groupby(told, key=lambda one: one.section)
    ]
    changed = sum(not one.is_default for one in told)
    return console_page(visit.request, visit.admitted, "settings.html", {"groups": groups, "changed": changed})


def _row(one: Setting) -> dict[str, Any]:
    return {
        "key": one.key,
        "variable": one.variable,
        "value": one.value,
        "default": one.default,
        "source": one.source,
        "source_kind": _kind(one),
        "is_default": one.is_default,
        "meaning": one.meaning,
    }


def _kind(one: Setting) -> str:
    if one.is_default:
        return "Default"
    if one.source == one.variable:
        return "Environment"
    return "File of its own" if one.source.startswith("file named in ") else "File"
