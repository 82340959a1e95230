"""What a page may show of a trial, and what it must not."""

import base64
from collections.abc import Iterator
from dataclasses import fields

from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial


def secrets_shown(bench: Bench, trial: Trial) -> list[str]:
    """Which of the client's secrets can be read in the trial: its own, and every refresh token that it has had."""
    held, secret = bench.run.held, bench.player.client_secret
    assert held is not None
    hidden = {*bench.run.spent, held.refresh_token or "", secret or ""} - {""}
    if secret is not None:
        hidden.add(base64.b64encode(f"{bench.player.client_id}:{secret}".encode()).decode())
    text = "\n".join(_texts(trial))
    return [value for value in hidden if value in text]


def _texts(trial: Trial) -> Iterator[str]:
    yield trial.note
    for step in trial.steps:
        yield from (step.title, step.sentence)
        yield from (str(getattr(step.exchange, field.name)) for field in fields(step.exchange))
