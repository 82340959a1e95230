"""Come back with a refresh token that was used."""

from watchword.console.playground import flow
from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Step, Trial


class RefreshTokenReplay:
    """Use a refresh token and its successor, then come with the first one again.

    At once and with the successor unused, it would be taken for a client whose answer was lost
    (docs/decisions/0010-refresh-token-rotation.md); so the successor is used first.
    """

    name = "refresh-token-replay"
    title = "Replay a refresh token"
    sentence = "A thief comes with a copy of a refresh token that its owner has used meanwhile, and used the next one."
    why = (
        "A used token that returns shows that two hold it; nobody can tell which of them is the thief, so the whole "
        "family ends."
    )
    sources: tuple[Source, ...] = (
        Source("RFC 9700, section 4.14.2", "https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2"),
        Source("RFC 6749, section 10.4", "https://www.rfc-editor.org/rfc/rfc6749#section-10.4"),
    )
    needs = frozenset({"refresh_token"})
    ends_the_run = True

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        held = bench.run.held
        if held is None or held.refresh_token is None:
            raise FlowError("there is no refresh token: sign in first")
        stolen = held.refresh_token
        uses = [await _use(bench), await _use(bench)]
        if bench.run.held is None or bench.run.held.refresh_token in {stolen, None}:
            raise FlowError("the refresh tokens of this client are not exchanged at each use")
        steps = (
            *uses,
            await _present(
                bench,
                stolen,
                "Come with the first one again",
                "It was used, and so was its successor: this is no lost answer.",
                source="attacker",
            ),
            await _present(
                bench,
                bench.run.held.refresh_token,
                "Come with the newest one",
                "It was good a moment ago; it ended with its family.",
                source="client",
            ),
        )
        note = "The API hears of it within a second and refuses the access token as well."
        if bench.player.client_secret is not None:
            note = f"The thief even had the credentials of the client. {note}"
        return refused(bench, *steps, note=note, expected=400, attempts=2, expected_code="invalid_grant")


async def _use(bench: Bench) -> Step:
    step = await flow.refresh(bench)
    if step.exchange.status != 200:
        raise FlowError("the refresh token is not good any more: sign in first")
    return step


async def _present(bench: Bench, refresh_token: str, title: str, sentence: str, *, source: str) -> Step:
    fields = (
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("resource", bench.player.api),
    )
    step, _ = await bench.ask_issuer(fields, title, sentence, source=source)
    return step
