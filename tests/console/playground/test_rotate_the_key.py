"""The one attack that must go through: the key is rotated, and nobody is refused."""

from dataclasses import replace

import pytest
from tests.console.playground import spoiled
from tests.console.playground.conftest import SignIn
from tests.console.playground.shown import secrets_shown

from watchword.admin.desk import AdminDesk
from watchword.console.playground import flow
from watchword.console.playground.attacks.forgery import header_of
from watchword.console.playground.attacks.rotate_the_key import RotateTheKey
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial
from watchword.issuer.keys.rotation import KeyStepError

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def statuses(trial: Trial) -> list[int]:
    return [step.exchange.status for step in trial.steps]


# The first of this file: later on, a clock that is ahead has made the issuer believe that the demonstration beside it
# has fetched keys that it has not.
async def test_on_a_run_with_a_person(sign_in: SignIn, later_desk: AdminDesk) -> None:
    bench = await sign_in()
    assert bench.run.held is not None
    old = bench.run.held.access_token
    trial = await RotateTheKey().run(replace(bench, desk=later_desk))
    assert (trial.held, trial.code) == (True, "")
    assert statuses(trial) == [200] * 6
    assert trial.steps[0].exchange.header("cache-control") == "public, max-age=60"  # so that nobody waits long
    assert header_of(trial.token)["kid"] != header_of(old)["kid"]
    assert all(str(header_of(token)["kid"]) in trial.note for token in (old, trial.token))
    assert secrets_shown(bench, trial) == []
    await flow.call(bench)
    assert bench.run.steps["api"].exchange.status == 200


async def test_on_a_run_of_a_client_for_itself(for_itself: Bench, later_desk: AdminDesk, started_api: str) -> None:
    for_itself.run.player = replace(for_itself.player, address=started_api)
    trial = await RotateTheKey().run(replace(for_itself, desk=later_desk))
    assert (trial.held, trial.code) == (True, "")
    assert statuses(trial) == [200] * 6
    assert secrets_shown(for_itself, trial) == []


async def test_a_token_that_has_expired_is_renewed_first(
    for_itself: Bench, later_desk: AdminDesk, started_api: str
) -> None:
    run = for_itself.run
    assert run.held is not None
    run.player, run.held = replace(for_itself.player, address=started_api), replace(run.held, expires_at=0)
    trial = await RotateTheKey().run(replace(for_itself, desk=later_desk))
    assert trial.held
    assert statuses(trial) == [200] * 7


async def test_an_api_that_does_not_learn_of_a_new_key_is_told(for_itself: Bench, later_desk: AdminDesk) -> None:
    with spoiled.serving(spoiled.pinned()) as origin:
        for_itself.run.player = replace(for_itself.player, address=f"{origin}/orders")
        trial = await RotateTheKey().run(replace(for_itself, desk=later_desk))
    assert trial.held is False
    assert statuses(trial) == [200, 200, 200, 200, 200, 401]


async def test_a_second_rotation_has_to_wait(for_itself: Bench, later_desk: AdminDesk, started_api: str) -> None:
    """I5: whoever cannot wait is told for how long."""
    for_itself.run.player = replace(for_itself.player, address=started_api)
    await RotateTheKey().run(replace(for_itself, desk=later_desk))
    with pytest.raises(KeyStepError, match=r"try again in \d+ seconds"):
        await RotateTheKey().run(for_itself)
