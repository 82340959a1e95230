"""What is fetched: JSON objects, bytes, and the answers to forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec

from watchword.fetch.address import TRUSTED, FetchError, Policy, check_url
from watchword.fetch.exchange import blocking, exchange

_JSON_TYPES = ("application/json", "application/jwk-set+json")


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object that was fetched. ``max_age``: for how many seconds its sender lets it be kept; None if unsaid."""

    value: dict[str, Any]
    max_age: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a form: ``body`` is the JSON object, None when there was none. Its repr shows no body.
    ``headers`` are asked for by lower-case name.
    """

    status: int
    body: dict[str, Any] | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered, as bytes. ``headers`` are asked for by lower-case name; its repr shows no body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """The type of the body in lower case, without parameters; empty if unsaid."""
        return media_type(self.headers)


async def aget_json(url: str, *, policy: Policy = TRUSTED, danger_allow_http: bool = False) -> Document:
    """The JSON object at ``url``.

    Args:
        url: see `check_url`.
        policy: the limits.
        danger_allow_http: see `check_url`.

    Raises:
        FetchError: unreachable, not 200, not a JSON object, too long or too slow.
    """
    response = await aget_bytes(url, policy=policy, danger_allow_http=danger_allow_http)
    if response.status != 200:
        raise FetchError("the answer's status is not 200", detail=f"{url} answered {response.status}")
    if response.media_type not in _JSON_TYPES:
        raise FetchError("the answer is not JSON", detail=f"{url} answered with {response.media_type}")
    body = _json_object(response.body)
    if body is None:
        raise FetchError("the answer is not a JSON object", detail=url)
    return Document(body, _max_age(response.headers.get("cache-control", "")))


async def aget_bytes(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    policy: Policy = TRUSTED,
    danger_allow_http: bool = False,
) -> Reply:
    """Whatever ``url`` answers.

    Args:
        url: see `check_url`.
        headers: further request headers, for example ``accept``, by lower-case name.
        policy: the limits.
        danger_allow_http: see `check_url`.

    Raises:
        FetchError: unreachable, too long or too slow. Any status and any type is an answer.
    """
    check_url(url, danger_allow_http=danger_allow_http)
    response = await exchange("GET", url, policy=policy, headers=headers)
    return Reply(response.status, response.headers, response.body)


async def apost_form(
    url: str,
    fields: Sequence[tuple[str, str]],
    *,
    headers: Mapping[str, str] | None = None,
    policy: Policy = TRUSTED,
    danger_allow_http: bool = False,
) -> Answer:
    """What ``url`` answers to a form.

    Args:
        url: see `check_url`.
        fields: names and values, in order.
        headers: further request headers, for example the client's authentication.
        policy: the limits.
        danger_allow_http: see `check_url`.

    Raises:
        FetchError: unreachable, too long or too slow. Any status is an answer.
    """
    check_url(url, danger_allow_http=danger_allow_http)
    sent = {**(headers or {}), "content-type": "application/x-www-form-urlencoded"}
    response = await exchange("POST", url, policy=policy, headers=sent, content=_form(fields))
    return Answer(response.status, _json_object(response.body), response.headers)


def get_json(url: str, *, policy: Policy = TRUSTED, danger_allow_http: bool = False) -> Document:
    """`aget_json`, blocking."""
    return blocking(lambda: aget_json(url, policy=policy, danger_allow_http=danger_allow_http))


def get_bytes(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    policy: Policy = TRUSTED,
    danger_allow_http: bool = False,
) -> Reply:
    """`aget_bytes`, blocking."""
    return blocking(lambda: aget_bytes(url, headers=headers, policy=policy, danger_allow_http=danger_allow_http))


def post_form(
    url: str,
    fields: Sequence[tuple[str, str]],
    *,
    headers: Mapping[str, str] | None = None,
    policy: Policy = TRUSTED,
    danger_allow_http: bool = False,
) -> Answer:
    """`apost_form`, blocking."""
    return blocking(
        lambda: apost_form(url, fields, headers=headers, policy=policy, danger_allow_http=danger_allow_http)
    )


def media_type(headers: Mapping[str, str]) -> str:
    """The media type that ``headers`` state, in lower case and without parameters; empty if unsaid."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _form(fields: Sequence[tuple[str, str]]) -> bytes:
    try:
        return urlencode(fields).encode("ascii")
    except UnicodeEncodeError:
        raise FetchError("the form holds text that is not Unicode") from None  # the codec's error carries the field


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _max_age(cache_control: str) -> float | None:
    """The freshness that ``Cache-Control`` grants (RFC 9111 section 5.2.2); 0 when it forbids keeping."""
    directives = [directive.strip().partition("=") for directive in cache_control.lower().split(",")]
    if any(name in {"no-store", "no-cache"} for name, _, _ in directives):
        return 0.0
    for name, _, value in directives:
        if name == "max-age" and value.isascii() and value.isdigit() and len(value) < 10:
            return float(value)
    return None
