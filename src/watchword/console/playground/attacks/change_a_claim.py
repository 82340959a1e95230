"""Change what a token says."""

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.attacks.forgery import forge, forged_claims, header_of
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial
from watchword.jose import base64url


class ChangeAClaim:
    """Turn the token's holder into somebody else, and leave the signature as it is."""

    name = "change-a-claim"
    title = "Change a claim"
    sentence = "The payload now names somebody else, with the role admin; the signature is the old one."
    why = "Anybody can read and rewrite a payload: only the signature says that the issuer wrote it."
    sources: tuple[Source, ...] = (
        Source("RFC 7515, section 5.2", "https://www.rfc-editor.org/rfc/rfc7515#section-5.2"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token = bench.run.held.access_token
        signature = base64url.decode_text(token.rpartition(".")[2])
        forged = forge(header_of(token), forged_claims(token), lambda _: signature)
        step = await bench.call_api(
            forged,
            "Present the changed token",
            "The API checks the signature before it reads a claim.",
            source="attacker",
        )
        return refused(bench, step, token=forged)
