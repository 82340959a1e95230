"""Form bodies and query strings, read strictly: a parameter that comes twice is refused (O10).

https://www.rfc-editor.org/rfc/rfc6749#section-3.1 and section-3.2: parameters must not be included more than once,
and one without a value is treated as if it had been left out.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from watchword.oauth.errors import InvalidRequestError

MAX_FIELDS = 64
MAX_NAME_LENGTH = 128
# RFC 8707 section 2: more than one resource may be named.
REPEATABLE = frozenset({"resource"})

_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Parameters:
    """The parameters of one request, each with one value (``resource`` with one or more).

    Its repr names the parameters only: values may be codes, tokens and passwords.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        self._values = dict(values)

    @classmethod
    def parse_form(cls, body: bytes) -> "Parameters":
        """Read an ``application/x-www-form-urlencoded`` body.

        Raises:
            InvalidRequestError: broken encoding, too many fields, or a parameter that comes twice.
        """
        return cls._parse(body)

    @classmethod
    def parse_query(cls, query: bytes) -> "Parameters":
        """Read a query string; raises as `parse_form` does."""
        return cls._parse(query)

    @classmethod
    def _parse(cls, text: bytes) -> "Parameters":
        if _BROKEN_PERCENT.search(text):
            raise InvalidRequestError("the parameters are not correctly percent-encoded")
        try:
            pairs = parse_qsl(
                text.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=False,
                encoding="utf-8",
                errors="strict",
                max_num_fields=MAX_FIELDS,
            )
        except UnicodeError as error:
            raise InvalidRequestError("the parameters are not valid UTF-8") from error
        except ValueError as error:
            raise InvalidRequestError("the request has too many parameters") from error
        values: dict[str, tuple[str, ...]] = {}
        seen: set[str] = set()
        for name, value in pairs:
            if len(name) > MAX_NAME_LENGTH or "\x00" in name or "\x00" in value:
                raise InvalidRequestError("a parameter holds characters or a length that are not allowed")
            if name in seen and name not in REPEATABLE:
                raise InvalidRequestError("a parameter is included more than once")
            seen.add(name)
            if value:
                values[name] = (*values.get(name, ()), value)
        return cls(values)

    def get(self, name: str) -> str | None:
        """The value of ``name``, or nothing when it is absent or empty."""
        values = self._values.get(name)
        return values[0] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of ``name``, in the order in which they came."""
        return self._values.get(name, ())

    def require(self, name: str) -> str:
        """The value of ``name``.

        Raises:
            InvalidRequestError: it is absent or empty.
        """
        value = self.get(name)
        if value is None:
            raise InvalidRequestError("a required parameter is missing", detail=f"missing: {name}")
        return value

    def names(self) -> frozenset[str]:
        """The names that have a value."""
        return frozenset(self._values)

    def to_dict(self) -> dict[str, list[str]]:
        """For storing the request on the server between two pages."""
        return {name: list(values) for name, values in self._values.items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, list[str]]) -> "Parameters":
        """What `to_dict` gave."""
        return cls({name: tuple(values) for name, values in stored.items()})

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        return f"Parameters({', '.join(sorted(self._values))})"
