"""Sign with a key of one's own, under the name of the issuer's."""

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.attacks.forgery import forge, forged_claims, header_of
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial
from watchword.jose import Key


class OwnKeyOurKid:
    """Make a key, and call it what the issuer's is called."""

    name = "own-key-our-kid"
    title = "Sign with another key"
    sentence = "A key that the attacker made signs the token; its kid is the name of the issuer's key."
    why = "A kid only says where to look: the key that counts is the one that the issuer has published under that name."
    sources: tuple[Source, ...] = (
        Source("RFC 8725, section 3.8", "https://www.rfc-editor.org/rfc/rfc8725#section-3.8"),
        Source("RFC 7515, section 5.2", "https://www.rfc-editor.org/rfc/rfc7515#section-5.2"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token = bench.run.held.access_token
        forged = forge({**header_of(token), "alg": "ES256"}, forged_claims(token), Key.generate("ES256").sign)
        step = await bench.call_api(
            forged,
            "Present the forged token",
            "The name leads the API to the issuer's key, and that one did not sign this.",
            source="attacker",
        )
        return refused(bench, step, token=forged)
