"""Come back with a token whose time is over."""

import math

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial

# How the demonstration is told; see `watchword.demo.clock_ahead`, which console code must not import.
_HEADER = "demo-clock-ahead"
_MAX_SECONDS = 86_400
# Clocks may differ; the API forgives less than this.
_LEEWAY = 120


class ReplayAfterExpiry:
    """Present a good token now, and once more after it has expired."""

    name = "replay-after-expiry"
    title = "Replay it after it has expired"
    sentence = "The very token that was good a moment ago comes back when its time is over."
    why = "A token that was copied from a log or a proxy must be worth nothing soon, and its end is written into it."
    sources: tuple[Source, ...] = (
        Source("RFC 7519, section 4.1.4", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4"),
        Source("RFC 9068, section 4", "https://www.rfc-editor.org/rfc/rfc9068#section-4"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token, demonstration = bench.run.held.access_token, bench.desk.settings.demo_url
        if demonstration is None or not bench.player.address.startswith(f"{demonstration}/"):
            raise FlowError("only the clock of the demonstration can be set ahead")
        ahead = math.ceil(max(0.0, bench.run.held.expires_at - bench.now())) + _LEEWAY
        if ahead > _MAX_SECONDS:
            raise FlowError("the token lives longer than the clock of the demonstration can be set ahead")
        before = await bench.call_api(
            token, "Present the token", "What comes of it now, before the clock moves.", source="attacker"
        )
        after = await bench.call_api(
            token,
            "Present it after its time",
            "The API compares the token's exp with its own clock at every request.",
            headers={_HEADER: str(ahead)},
            source="attacker",
        )
        note = (
            f"Nobody has to wait: for that one request alone the API's clock went {ahead} seconds ahead. "
            "Every other request, and the issuer, saw the real time."
        )
        return refused(bench, before, after, token=token, note=note)
