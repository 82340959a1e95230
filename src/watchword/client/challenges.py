"""The challenges in ``WWW-Authenticate``, read as the client needs them: which scheme, which error.

https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_MAX_LENGTH = 4096
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# One step of the header: a parameter, or else the scheme that begins a challenge, or else its token68.
_STEP = re.compile(
    rf"""[\s,]*(?:
        (?P<name>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_WORD}))(?=\s*(?:,|\Z))
        | (?P<scheme>{_WORD})(?=\s|,|\Z)
        | (?P<token68>[A-Za-z0-9\-._~+/]+=*)(?=\s*(?:,|\Z))
    )""",
    re.VERBOSE,
)


class Challenge(NamedTuple):
    """One challenge: its scheme in lower case, and its ``error``; empty when it states none."""

    scheme: str
    error: str


def read_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges that can be read; what cannot, and whatever follows it in that header, says nothing.

    Args:
        headers: every ``WWW-Authenticate`` of the response.
    """
    return tuple(challenge for header in headers for challenge in _read(header))


def _read(header: str) -> Iterator[Challenge]:
    if len(header) > _MAX_LENGTH:
        return
    scheme, error, position = "", "", 0
    while (step := _STEP.match(header, position)) is not None:
        position = step.end()
        if step["scheme"] is not None:
            if scheme:
                yield Challenge(scheme, error)
            scheme, error = step["scheme"].lower(), ""
        elif step["name"] is not None and step["name"].lower() == "error":
            error = step["plain"] or re.sub(r"\\(.)", r"\1", step["quoted"] or "")
    if scheme:
        yield Challenge(scheme, error)
