"""Say that no signature is needed."""

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.attacks.forgery import forge, forged_claims, header_of
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial

# Readers that refuse ``none`` by its spelling have let the others pass.
_SPELLINGS = ("none", "None", "nOnE")


class AlgorithmNone:
    """Name ``none`` as the algorithm, in three spellings, and leave the signature out."""

    name = "algorithm-none"
    title = "Take the signature away"
    sentence = "The header says that the algorithm is none, in three spellings; where the signature stood is nothing."
    why = (
        "The header is the attacker's to write, so which algorithms are good is the API's decision, never the token's."
    )
    sources: tuple[Source, ...] = (
        Source("RFC 9068, section 4", "https://www.rfc-editor.org/rfc/rfc9068#section-4"),
        Source("RFC 8725, section 3.2", "https://www.rfc-editor.org/rfc/rfc8725#section-3.2"),
        Source("RFC 7519, section 6", "https://www.rfc-editor.org/rfc/rfc7519#section-6"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token = bench.run.held.access_token
        steps, forged = [], ""
        for spelling in _SPELLINGS:
            forged = forge({**header_of(token), "alg": spelling}, forged_claims(token), lambda _: b"")
            steps.append(
                await bench.call_api(
                    forged,
                    f"Present an unsigned token, algorithm {spelling}",
                    "The API takes the algorithms of the issuer's keys and no others; none is not one of them.",
                    source="attacker",
                )
            )
        return refused(bench, *steps, token=forged, attempts=len(steps))
