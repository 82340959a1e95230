"""What an attack of the playground is."""

from dataclasses import dataclass
from typing import Protocol

from watchword.console.playground.bench import Bench, code_of
from watchword.console.playground.run import Step, Trial


@dataclass(frozen=True, slots=True)
class Source:
    """Where the defence is written down."""

    label: str
    url: str


class Attack(Protocol):
    """One attack. It sends what an attacker would, and reports what came of it; it never pretends.

    A new one is a file in this folder and its line in ``ATTACKS``.
    """

    name: str
    """In links and in what is kept: lower case, with hyphens."""

    title: str
    """What the attacker does, in a few words that fit on a button."""

    sentence: str
    """What is sent, in one sentence."""

    why: str
    """Why the defence exists, in one sentence."""

    sources: tuple[Source, ...]
    """Where it is written down: sections of RFCs, first the one that demands the defence."""

    needs: frozenset[str]
    """What the run must hold for it: ``access_token``, ``refresh_token``, ``id_token``, ``code``."""

    ends_the_run: bool
    """Whether the tokens are worth nothing afterwards, so that the person has to sign in anew."""

    async def run(self, bench: Bench) -> Trial:
        """Try it.

        Raises:
            ClientError: issuer or API do not answer.
            WatchwordError: it cannot be tried now; the sentence says why.
        """
        ...


def refused(
    bench: Bench,
    *steps: Step,
    token: str = "",
    note: str = "",
    expected: int = 401,
    attempts: int = 1,
    expected_code: str = "",
) -> Trial:
    """The outcome of an attack whose last step, or last ``attempts`` steps, should have been refused.

    Args:
        bench: where it was tried.
        steps: everything that was sent, in its order.
        token: the token that was presented last.
        note: what a person should know besides.
        expected: the status of a refusal.
        attempts: how many of the last steps are the attack itself.
        expected_code: the reason that has to be given, where one always is; an API may keep it to itself.
    """
    held = all(step.exchange.status == expected and expected_code in {"", code_of(step)} for step in steps[-attempts:])
    return Trial(steps=steps, held=held, code=code_of(steps[-1]), token=token, note=note, at=bench.now())
