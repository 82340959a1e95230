"""Bring the key along that the token shall be checked with."""

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.attacks.forgery import forge, forged_claims, header_of
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial
from watchword.jose import Key


class KeyInTheHeader:
    """Put a key of one's own into the header, under the issuer's name for its key and under its own."""

    name = "key-in-the-header"
    title = "Bring your own key"
    sentence = "The header carries the attacker's public key as jwk, and the signature fits it perfectly."
    why = "Whoever takes the key from the token has checked that the attacker signed what the attacker wrote."
    sources: tuple[Source, ...] = (
        Source("RFC 8725, section 3.10", "https://www.rfc-editor.org/rfc/rfc8725#section-3.10"),
        Source("RFC 7515, section 4.1.3", "https://www.rfc-editor.org/rfc/rfc7515#section-4.1.3"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token, key = bench.run.held.access_token, Key.generate("ES256")
        steps, forged = [], ""
        for whose, kid in (("the issuer's", header_of(token).get("kid")), ("its own", key.kid)):
            header = {**header_of(token), "alg": key.alg, "kid": kid, "jwk": key.to_dict()}
            forged = forge(header, forged_claims(token), key.sign)
            steps.append(
                await bench.call_api(
                    forged,
                    f"Present the key under {whose} name",
                    "The API never looks at a key in a header: its keys come from the issuer.",
                    source="attacker",
                )
            )
        return refused(bench, *steps, token=forged, attempts=len(steps))
