"""Take a token to an API that it is not for."""

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial

_PATH = "/payroll"


class AnotherAudience:
    """Present the token of one API to another one, which trusts the same issuer."""

    name = "another-audience"
    title = "Take it to another API"
    sentence = "The token for the orders goes to the payroll: the same house, the same issuer, a sound signature."
    why = "Else each API that is shown a token could use it at all the others, and the weakest would hold every key."
    sources: tuple[Source, ...] = (
        Source("RFC 9068, section 4", "https://www.rfc-editor.org/rfc/rfc9068#section-4"),
        Source("RFC 8725, section 3.9", "https://www.rfc-editor.org/rfc/rfc8725#section-3.9"),
        Source("RFC 9700, section 2.3", "https://www.rfc-editor.org/rfc/rfc9700#section-2.3"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token = bench.run.held.access_token
        own = await bench.call_api(
            token, "Present it where it belongs", "This API is the audience that the token names.", source="attacker"
        )
        other = await bench.call_api(
            token,
            "Present it to the payroll",
            "The payroll looks for its own name in aud, and finds another one.",
            path=_PATH,
            source="attacker",
        )
        return refused(bench, own, other, token=token)
