"""The attack after which everybody goes on: the key is stolen, what it signed is refused, and nothing else is."""

from dataclasses import replace

import pytest
from tests.console.playground import spoiled
from tests.console.playground.conftest import SignIn
from tests.console.playground.shown import secrets_shown

from watchword.admin.desk import AdminDesk
from watchword.console.playground import flow
from watchword.console.playground.attacks.compromise_the_key import CompromiseTheKey
from watchword.console.playground.attacks.forgery import header_of
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial
from watchword.issuer.keys.rotation import KeyStepError

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def statuses(trial: Trial) -> list[int]:
    return [step.exchange.status for step in trial.steps]


# The first of this file: see test_rotate_the_key.py.
async def test_on_a_run_with_a_person(sign_in: SignIn, later_desk: AdminDesk) -> None:
    bench = await sign_in()
    assert bench.run.held is not None
    old = bench.run.held.access_token
    trial = await CompromiseTheKey().run(replace(bench, desk=later_desk))
    assert (trial.held, trial.code) == (True, "token_revoked")
    assert statuses(trial) == [200, 401, 200, 200, 200]
    assert trial.token == old
    assert header_of(bench.run.held.access_token)["kid"] != header_of(old)["kid"]
    assert str(header_of(old)["kid"]) in trial.note
    assert secrets_shown(bench, trial) == []
    await flow.call(bench)
    assert bench.run.steps["api"].exchange.status == 200
    # Somebody new signs in, too.
    again = await sign_in()
    await flow.call(again)
    assert again.run.steps["api"].exchange.status == 200


async def test_on_a_run_of_a_client_for_itself(for_itself: Bench, later_desk: AdminDesk, started_api: str) -> None:
    for_itself.run.player = replace(for_itself.player, address=started_api)
    trial = await CompromiseTheKey().run(replace(for_itself, desk=later_desk))
    assert (trial.held, trial.code) == (True, "token_revoked")
    assert statuses(trial) == [200, 401, 200, 200, 200]
    with pytest.raises(KeyStepError, match=r"try again in \d+ seconds"):
        await CompromiseTheKey().run(for_itself)


async def test_an_api_that_hears_of_nothing_is_told(for_itself: Bench, later_desk: AdminDesk) -> None:
    with spoiled.serving(spoiled.lax) as origin:
        for_itself.run.player = replace(for_itself.player, address=f"{origin}/orders")
        trial = await CompromiseTheKey().run(replace(for_itself, desk=later_desk))
    assert trial.held is False
