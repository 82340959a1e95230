"""What the first screen shows, as texts: the rows, the token in its parts, the answer of the API."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from watchword.client.exchange import Exchange
from watchword.console.playground import flow
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Step, Trial
from watchword.issuer.sessions import SignedIn
from watchword.jose import JOSEError, base64url
from watchword.jose.json_object import decode_object


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that has happened. ``at`` is UTC epoch seconds."""

    title: str
    detail: str
    at: float

    @property
    def time(self) -> str:
        """The time of day in UTC, for browsers that run no script."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%H:%M:%S UTC")


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A compact JWT in its parts; ``header_text`` and ``payload_text`` are empty where they cannot be read."""

    header: str
    payload: str
    signature: str
    header_text: str
    payload_text: str


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """What was asked of an API and what it answered.

    Args:
        request_line: method and address.
        more: further headers that were sent, a line each; never the token.
        status: its number and its words.
        is_good: whether it is an answer and not a refusal.
        code: the verifier's reason for a refusal.
        sentence: the same in words.
        challenge: the header ``WWW-Authenticate``.
        body: of the answer, readable.
        note: what a person should know besides.
    """

    request_line: str
    more: tuple[str, ...]
    status: str
    is_good: bool
    code: str
    sentence: str
    challenge: str
    body: str
    note: str


def start_rows(bench: Bench, admitted: SignedIn) -> list[Row]:
    """The four rows of the first screen."""
    steps = bench.run.steps
    token, api = steps[flow.REDEEM.name], steps[flow.CALL.name]
    key = _member(bench.run.held.access_token if bench.run.held else "", "kid")
    timing = _timing(api.exchange)
    return [
        Row("Signed in", f"{admitted.user.label}, with a password", admitted.session.auth_time),
        Row("Token signed", f"with key {key[:8]}, good for five minutes", token.at),
        Row("Token sent", "in one header, Authorization: Bearer", api.at - api.exchange.seconds),
        Row("Orders API verified it", f"{timing}, {api.exchange.status}", api.at),
    ]


def shown_token(text: str) -> ShownToken:
    """``text`` in its three parts."""
    header, payload, signature = (*text.split("."), "", "", "")[:3]
    return ShownToken(header, payload, signature, _readable(header), _readable(payload))


def shown_answer(step: Step, trial: Trial | None) -> ShownAnswer:
    """The API's answer to ``step``, or to the last step of ``trial``."""
    last = trial.steps[-1] if trial is not None else step
    exchange = last.exchange
    body = _object(exchange.response_body)
    refusal = body if isinstance(body, dict) else {}
    return ShownAnswer(
        request_line=f"{exchange.method} {exchange.url}",
        more=tuple(f"{name}: {value}" for name, value in exchange.request_headers if name.startswith("demo-")),
        status=f"{exchange.status} {exchange.reason}".strip(),
        is_good=exchange.status < 400,
        code=trial.code if trial is not None else str(refusal.get("code", "")),
        sentence=str(refusal.get("error_description", "")) or _praise(exchange),
        challenge=exchange.header("www-authenticate") or "",
        body=json.dumps(body, indent=2, ensure_ascii=False) if body is not None else exchange.response_body,
        note=trial.note if trial is not None else "",
    )


def _praise(exchange: Exchange) -> str:
    took, alone = _told(exchange)
    asked = "asking nobody" if alone else "after fetching the public keys of the issuer"
    return f"the API verified the token by itself, {asked}, in {took} ms" if took else ""


def asked_issuer(step: Step) -> bool:
    """Whether the API had to ask the issuer for something before it could answer."""
    return not _told(step.exchange)[1]


def _timing(exchange: Exchange) -> str:
    took, alone = _told(exchange)
    network = "no network" if alone else "after fetching the keys"
    return f"{network}, {took} ms" if took else network


def _told(exchange: Exchange) -> tuple[str, bool]:
    """The milliseconds the API says its verification took, and whether it says that it needed no network.

    https://www.w3.org/TR/server-timing/
    """
    said = exchange.header("server-timing") or ""
    took = next((part.strip()[4:] for part in said.split(";") if part.strip().startswith("dur=")), "")
    return took, "no network" in said


def _member(token: str, name: str) -> str:
    try:
        return str(decode_object(base64url.decode_text(token.partition(".")[0])).get(name, ""))
    except JOSEError:
        return ""


def _readable(part: str) -> str:
    try:
        return json.dumps(decode_object(base64url.decode_text(part)), indent=2, ensure_ascii=False)
    except JOSEError:
        return ""


def _object(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value
