"""Redeem a code a second time."""

from dataclasses import replace

from watchword.console.playground import flow
from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial


class CodeReplay:
    """Redeem the authorization code again, with everything that belongs to it."""

    name = "code-replay"
    title = "Redeem the code twice"
    sentence = "The code is sent once more, with the right PKCE verifier and the client's own credentials."
    why = "A code that comes twice has been seen by somebody else: what was made from it may be in the wrong hands."
    sources: tuple[Source, ...] = (
        Source("RFC 6749, section 4.1.2", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2"),
        Source("RFC 6749, section 10.5", "https://www.rfc-editor.org/rfc/rfc6749#section-10.5"),
    )
    needs = frozenset({"code", "refresh_token"})
    ends_the_run = True

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        before = await flow.refresh(bench)
        if before.exchange.status != 200:
            raise FlowError("the refresh token is not good any more: sign in first")
        again, _ = await bench.ask_issuer(
            flow.redemption(bench),
            "Redeem the code again",
            "Everything in it is right, but a code is good once.",
            source="attacker",
        )
        after = replace(
            await flow.refresh(bench),
            title="Use the refresh token again",
            sentence="It came from that code, and ended with it.",
        )
        note = (
            "What the first redemption gave ends with the second, the refresh token too. "
            "The API hears of it within a second and refuses the access token as well."
        )
        return refused(bench, before, again, after, note=note, expected=400, attempts=2, expected_code="invalid_grant")
