"""Where requests of the playground are really sent: to this issuer's endpoints and to the API, over loopback.

The playground plays the client; issuer and API do not know that from any other client's part.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from watchword.admin.desk import AdminDesk
from watchword.client.browser_login import RelyingParty
from watchword.client.exchange import Exchange, aexchange
from watchword.console.own_issuer import own_metadata
from watchword.console.playground.run import Player, Run, Step
from watchword.issuer.endpoints import paths

# What lets its bearer in for long. Everybody who looks over a shoulder would have it.
_SECRET_FIELDS = frozenset({"refresh_token", "client_secret"})
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Bench:
    """One part of the playground at work.

    Args:
        desk: the operator's, for what an attack needs an operator for.
        run: what was reached; the functions that use the bench change it.
    """

    desk: AdminDesk
    run: Run

    @property
    def player(self) -> Player:
        """Who plays the client; there is one once the part has been prepared."""
        assert self.run.player is not None
        return self.run.player

    @property
    def party(self) -> RelyingParty:
        """The client, as the client side of the SDK knows it."""
        player = self.player
        return RelyingParty(
            own_metadata(self.desk.settings),
            player.client_id,
            player.redirect_uri,
            player.client_secret,
            id_token_algorithms=("RS256",),
        )

    def now(self) -> float:
        """UTC epoch seconds."""
        return self.desk.clock.now()

    async def ask_issuer(
        self, fields: Sequence[tuple[str, str]], title: str, sentence: str, *, source: str = "client"
    ) -> tuple[Step, dict[str, Any]]:
        """A request to the token endpoint with the client's own credentials.

        Returns:
            What may be shown of it, and the JSON object that was answered, with all that is in it.

        Raises:
            NoAnswerError: nobody answered.
        """
        form = self.party.form(self.desk.settings.url(paths.TOKEN), fields)
        exchange = await aexchange(
            "POST", form.url, clock=self.desk.clock, headers=dict(form.headers), form=form.fields
        )
        return self.step(source, "issuer", title, sentence, exchange), _object(exchange.response_body)

    async def fetch_keys(self, source: str, title: str, sentence: str) -> Step:
        """The issuer's public keys, fetched as ``source`` would.

        Raises:
            NoAnswerError: nobody answered.
        """
        exchange = await aexchange("GET", self.desk.settings.url(paths.JWKS), clock=self.desk.clock)
        return self.step(source, "issuer", title, sentence, exchange)

    async def call_api(
        self,
        token: str,
        title: str,
        sentence: str,
        *,
        path: str = "",
        headers: Mapping[str, str] | None = None,
        source: str = "client",
    ) -> Step:
        """A request to the API with ``token`` as the bearer token.

        Args:
            token: what is presented, good or not.
            title: what happens, in a few words.
            sentence: why.
            path: below the API's origin, of another place there; empty for the API's own address.
            headers: to send besides.
            source: who sends it.

        Raises:
            NoAnswerError: nobody answered.
        """
        address = f"{self.desk.settings.demo_url}{path}" if path else self.player.address
        sent = {"accept": "application/json", "authorization": f"Bearer {token}", **(headers or {})}
        exchange = await aexchange("GET", address, clock=self.desk.clock, headers=sent)
        return self.step(source, "api", title, sentence, exchange)

    def step(self, source: str, target: str, title: str, sentence: str, exchange: Exchange) -> Step:
        """An arrow for an exchange, with what may be shown of it."""
        return Step(
            source=source, target=target, title=title, sentence=sentence, exchange=_discreet(exchange), at=self.now()
        )


def answer_of(step: Step) -> dict[str, Any]:
    """The JSON object that was answered, as far as it may be shown; empty if it was none."""
    return _object(step.exchange.response_body)


def code_of(step: Step) -> str:
    """The reason that an API or the issuer gave for a refusal; empty when there is none."""
    answer = answer_of(step)
    return str(answer.get("code") or answer.get("error") or "")


def _discreet(exchange: Exchange) -> Exchange:
    return replace(
        exchange,
        request_headers=tuple((name, _header(name, value)) for name, value in exchange.request_headers),
        request_body=_form(exchange.request_body),
        response_body=_json(exchange.response_body),
    )


def _header(name: str, value: str) -> str:
    return "Basic (client id and secret)" if name == "authorization" and value.startswith("Basic ") else value


def _form(body: str) -> str:
    pairs = parse_qsl(body, keep_blank_values=True)
    return urlencode(
        [(name, _shortened(value) if name in _SECRET_FIELDS else value) for name, value in pairs], safe="…"
    )


def _object(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _json(body: str) -> str:
    value = _object(body)
    if not _SECRET_FIELDS & value.keys():
        return body
    return json.dumps({name: _shortened(str(one)) if name in _SECRET_FIELDS else one for name, one in value.items()})


def _shortened(value: str) -> str:
    return f"{value[:_SHOWN]}…" if len(value) > _SHOWN else value
