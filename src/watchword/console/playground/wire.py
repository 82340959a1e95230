"""An exchange as a person reads it: a line for each parameter and header, and tokens in their three colours."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from watchword.client.exchange import Exchange

_TOKEN = re.compile(r"(eyJ[\w-]+)\.([\w-]*)\.([\w-]*)")

# A text and what it is: ``""``, ``header``, ``payload``, ``signature``.
Segment = tuple[str, str]
Line = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class ShownExchange:
    """Request and answer in lines. ``milliseconds`` is empty where nobody measured."""

    request: tuple[Line, ...]
    answer: tuple[Line, ...]
    status: str
    is_good: bool
    milliseconds: str


def shown(exchange: Exchange) -> ShownExchange:
    """``exchange`` in lines."""
    return ShownExchange(
        request=tuple(map(_line, _request(exchange))),
        answer=tuple(map(_line, _answer(exchange))),
        status=_status(exchange),
        is_good=exchange.status < 400,
        milliseconds=f"{exchange.seconds * 1000:.0f} ms" if exchange.seconds else "",
    )


def _request(exchange: Exchange) -> Iterator[str]:
    address = urlsplit(exchange.url)
    yield f"{exchange.method} {address.path or '/'}{'?' if address.query else ''}"
    yield from (f"    {name}={value}" for name, value in parse_qsl(address.query, keep_blank_values=True))
    yield from _headers(exchange.request_headers)
    if exchange.request_body:
        yield ""
        yield from (f"{name}={value}" for name, value in parse_qsl(exchange.request_body, keep_blank_values=True))


def _answer(exchange: Exchange) -> Iterator[str]:
    yield _status(exchange)
    yield from _headers(exchange.response_headers)
    if exchange.response_body:
        yield ""
        yield from _readable(exchange.response_body).split("\n")


def _status(exchange: Exchange) -> str:
    return f"{exchange.status} {exchange.reason}".strip()


def _headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        address, mark, query = value.partition("?")
        if name == "location" and mark:
            yield f"{name}: {address}?"
            yield from (f"    {key}={one}" for key, one in parse_qsl(query, keep_blank_values=True))
        else:
            yield f"{name}: {value}"


def _readable(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


def _line(text: str) -> Line:
    segments: list[Segment] = []
    at = 0
    for match in _TOKEN.finditer(text):
        segments.append((text[at : match.start()], ""))
        for number, name in enumerate(("header", "payload", "signature"), start=1):
            segments += [(match[number], name), ("." if number < 3 else "", "")]
        at = match.end()
    segments.append((text[at:], ""))
    return tuple(segment for segment in segments if segment[0])
