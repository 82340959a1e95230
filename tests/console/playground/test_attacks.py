"""Every attack against a real `watchword up`: refused, for the right reason, and nothing in what is shown that lets
its reader in for long. And each of them tells of a defence that is not there.
"""

from dataclasses import replace

import httpx2
import pytest
from tests.console.playground import spoiled
from tests.console.playground.conftest import PUBLIC_CLIENT, SignIn
from tests.console.playground.shown import secrets_shown
from tests.e2e.installation import Installation

from watchword.console.playground import flow
from watchword.console.playground.attacks import ATTACKS
from watchword.console.playground.attacks.attack import Attack
from watchword.console.playground.attacks.forgery import header_of
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

# The code of the reason, and the status of every answer in its order.
EXPECTED: dict[str, tuple[str, list[int]]] = {
    "change-a-claim": ("signature_invalid", [401]),
    "algorithm-none": ("algorithm_not_allowed", [401, 401, 401]),  # J01, J02
    "hs256-public-key": ("algorithm_not_allowed", [200, 401, 401]),  # J05, J06
    "replay-after-expiry": ("token_expired", [200, 401]),
    "another-audience": ("audience_mismatch", [200, 401]),  # J61, O38
    "id-token-as-access-token": ("type_mismatch", [401]),  # J65
    "refresh-token-replay": ("invalid_grant", [200, 200, 400, 400]),  # O24, R07
    "code-replay": ("invalid_grant", [200, 400, 400]),  # O20
    "revoked-token": ("token_revoked", [200, 200, 401]),  # R40
    "sign-out-everywhere": ("token_revoked", [200, 401, 400]),
    "own-key-our-kid": ("signature_invalid", [401]),  # J54
    "key-in-the-header": ("key_unknown", [401, 401]),  # J50
    "token-in-the-query": ("request_malformed", [400]),  # O28
    "beyond-the-scopes": ("scope_missing", [200, 403]),  # O27
}
# After `rotate-the-key` and `compromise-the-key` everybody must go on; they have tests of their own.
REFUSED = [attack for attack in ATTACKS if attack.name not in {"rotate-the-key", "compromise-the-key"}]
BY_NAME = {attack.name: attack for attack in ATTACKS}
AT_THE_ISSUER = [attack for attack in REFUSED if attack.name in {"refresh-token-replay", "code-replay"}]
FOR_CLIENTS = [attack for attack in REFUSED if attack.needs <= {"access_token"}]


def name_of(attack: Attack) -> str:
    return attack.name


def check(attack: Attack, bench: Bench, trial: Trial) -> None:
    code, statuses = EXPECTED[attack.name]
    assert (trial.held, trial.code) == (True, code)
    assert [step.exchange.status for step in trial.steps] == statuses
    assert secrets_shown(bench, trial) == []


@pytest.mark.parametrize("attack", REFUSED, ids=name_of)
async def test_on_a_run_with_a_person(attack: Attack, sign_in: SignIn) -> None:
    """What is said of the run afterwards is true as well."""
    bench = await sign_in()
    trial = await attack.run(bench)
    check(attack, bench, trial)
    if attack.ends_the_run:
        with pytest.raises(flow.FlowError, match="sign in first"):
            await attack.run(bench)
        with pytest.raises(flow.FlowError, match="sign in first"):
            await flow.renew(bench)
    else:
        await flow.call(bench)
        assert bench.run.steps["api"].exchange.status == 200
        await flow.renew(bench)


@pytest.mark.parametrize("attack", FOR_CLIENTS, ids=name_of)
async def test_on_a_run_of_a_client_for_itself(attack: Attack, for_itself: Bench) -> None:
    trial = await attack.run(for_itself)
    check(attack, for_itself, trial)


@pytest.mark.parametrize("name", ["refresh-token-replay", "code-replay", "beyond-the-scopes"])
async def test_on_a_run_of_a_public_client(name: str, sign_in: SignIn) -> None:
    """It has no secret, and its name goes into the form."""
    bench = await sign_in(client=(PUBLIC_CLIENT, None))
    trial = await BY_NAME[name].run(bench)
    check(BY_NAME[name], bench, trial)


@pytest.mark.parametrize("attack", [attack for attack in REFUSED if attack not in AT_THE_ISSUER], ids=name_of)
async def test_an_api_that_looks_at_nothing_is_told(attack: Attack, sign_in: SignIn, for_itself: Bench) -> None:
    bench = for_itself if attack in FOR_CLIENTS else await sign_in()
    with spoiled.serving(spoiled.lax) as origin:
        bench.run.player = replace(bench.player, address=f"{origin}/orders")
        settings = replace(bench.desk.settings, demo_url=origin)
        trial = await attack.run(replace(bench, desk=replace(bench.desk, settings=settings)))
    assert trial.held is False


@pytest.mark.parametrize(
    ("name", "mistake", "statuses"),
    [
        ("algorithm-none", spoiled.takes_none, [401, 200, 401]),
        ("hs256-public-key", spoiled.takes_pem_for_a_secret, [200, 200, 401]),
        ("hs256-public-key", spoiled.takes_jwk_for_a_secret, [200, 401, 200]),
        ("key-in-the-header", spoiled.takes_the_key_that_comes_along, [200, 200]),
    ],
)
async def test_an_api_with_the_very_mistake_falls_for_it(
    name: str, mistake: spoiled.Mistake, statuses: list[int], up: Installation, for_itself: Bench
) -> None:
    """The attacks are the real ones: whoever makes the mistake lets the attacker in, and each attempt counts."""
    assert for_itself.run.held is not None
    kid = header_of(for_itself.run.held.access_token)["kid"]
    published = httpx2.get(f"{up.issuer}/jwks", trust_env=False).json()["keys"]
    jwk = next(key for key in published if key["kid"] == kid)
    with spoiled.serving(spoiled.mistaken(mistake, jwk)) as origin:
        for_itself.run.player = replace(for_itself.player, address=f"{origin}/orders")
        trial = await BY_NAME[name].run(for_itself)
    assert [step.exchange.status for step in trial.steps] == statuses
    assert trial.held is False


@pytest.mark.parametrize("attack", AT_THE_ISSUER, ids=name_of)
async def test_an_issuer_that_grants_everything_is_told(attack: Attack, sign_in: SignIn) -> None:
    bench = await sign_in()
    with spoiled.serving(spoiled.lax) as origin:
        settings = replace(bench.desk.settings, issuer=origin)
        trial = await attack.run(replace(bench, desk=replace(bench.desk, settings=settings)))
    assert trial.held is False
