"""Ask for more than was granted."""

from dataclasses import replace

from watchword.client.token_endpoint import read_token_answer
from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial
from watchword.oauth.scope import OPENID


class BeyondTheScopes:
    """Call the API with a token that is good in every way, but carries none of its scopes."""

    name = "beyond-the-scopes"
    title = "Reach beyond the scopes"
    sentence = "A real token for this API, with the scope openid alone, asks for what needs another scope."
    why = "A token must open no more than what it was asked for, so that losing it loses no more than that."
    sources: tuple[Source, ...] = (
        Source("RFC 6750, section 3.1", "https://www.rfc-editor.org/rfc/rfc6750#section-3.1"),
        Source("RFC 9700, section 2.3", "https://www.rfc-editor.org/rfc/rfc9700#section-2.3"),
    )
    # Whoever has an ID token was granted the scope openid.
    needs = frozenset({"refresh_token", "id_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        held = bench.run.held
        if held is None or held.refresh_token is None:
            raise FlowError("there is no refresh token: sign in first")
        fields = (
            ("grant_type", "refresh_token"),
            ("refresh_token", held.refresh_token),
            ("scope", OPENID),
            ("resource", bench.player.api),
        )
        asked, body = await bench.ask_issuer(
            fields, "Ask for a token with less", "A refresh may ask for fewer scopes than were granted, never for more."
        )
        if asked.exchange.status != 200:
            raise FlowError("the refresh token is not good any more: sign in first")
        answer = read_token_answer(200, body)
        bench.run.spent.append(held.refresh_token)
        bench.run.held = replace(held, refresh_token=answer.refresh_token or held.refresh_token)
        called = await bench.call_api(
            answer.access_token,
            "Call the API with it",
            "Signature, issuer, audience and times hold; what the token may do is another question.",
            source="attacker",
        )
        return refused(bench, asked, called, token=answer.access_token, expected=403)
