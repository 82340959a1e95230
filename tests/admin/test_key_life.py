"""The plan of a key's life is what the rotation then does."""

import pytest

from watchword.admin.desk import AdminDesk
from watchword.admin.key_life import RETIRED_SHOWN, Life, key_lives, lives_of
from watchword.admin.keys import list_keys, rotate
from watchword.clock import SettableClock
from watchword.issuer.keys.rotation import KeyStepError, prepublication, retention
from watchword.issuer.keys.slots import Slot
from watchword.issuer.revocation import withdraw
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.signing_keys import SigningKey

pytestmark = pytest.mark.anyio


def states(life: Life) -> list[str]:
    return [stretch.state for stretch in life.stretches]


async def es256(desk: AdminDesk) -> dict[str, Life]:
    (slot,) = [one for one in await key_lives(desk) if one.slot == ("token", "ES256")]
    return {life.key.state: life for life in slot.lives}


async def test_what_is_planned_comes_true(desk: AdminDesk, clock: SettableClock) -> None:
    began = clock.now()
    await desk.keys.start()
    lives = await es256(desk)
    first, second = lives["active"], lives["next"]
    takeover = began + desk.settings.key_lifetime
    # A first key has no time of being published only.
    assert [(s.state, s.begins) for s in first.stretches] == [
        ("next", began), ("active", began), ("retiring", takeover), ("retired", takeover + retention()),
    ]  # fmt: skip
    assert [(s.state, s.begins) for s in second.stretches][:2] == [("next", began), ("active", takeover)]
    upcoming = second.next_after(clock.now())
    assert upcoming is not None
    assert upcoming.state == "active"

    clock.advance(upcoming.begins - clock.now())
    await desk.keys.start()
    lives = await es256(desk)
    assert lives["active"].key.kid == second.key.kid
    assert lives["retiring"].key.kid == first.key.kid
    gone = lives["retiring"].next_after(clock.now())
    assert gone is not None
    clock.advance(gone.begins - clock.now())
    await desk.keys.start()
    retired = (await es256(desk))["retired"]
    assert retired.key.kid == first.key.kid
    assert retired.next_after(clock.now()) is None


async def test_from_when_on_it_may_be_rotated_by_hand(desk: AdminDesk, clock: SettableClock) -> None:
    await desk.keys.start()
    (slot,) = [one for one in await key_lives(desk) if one.slot == ("token", "RS256")]
    assert slot.rotates_from == clock.now() + prepublication(desk.settings)
    clock.advance(prepublication(desk.settings) - 1)
    with pytest.raises(KeyStepError):
        await rotate(desk, "RS256")
    clock.advance(1)
    await rotate(desk, "RS256")


async def test_a_compromised_key_has_no_plans(desk: AdminDesk, clock: SettableClock) -> None:
    await desk.keys.start()
    kid = (await es256(desk))["active"].key.kid
    clock.advance(100)
    await desk.store.write(lambda c: withdraw.key(c, kid, reason="test", actor=SYSTEM, now=clock.now()))
    lives = await es256(desk)
    assert states(lives["compromised"]) == ["next", "active", "compromised"]
    assert lives["compromised"].next_after(clock.now()) is None


async def test_only_the_newest_of_those_retired_are_shown(desk: AdminDesk) -> None:
    await desk.keys.start()
    one = next(key for key in await list_keys(desk) if key.state == "active")
    fields = {name: getattr(one, name) for name in SigningKey.__dataclass_fields__}
    old = [
        SigningKey(**{**fields, "kid": f"old{number}", "state": "retired", "created_at": float(number)})
        for number in range(9)
    ]
    (slot,) = [
        s
        for s in lives_of([Slot(one.purpose, one.algorithm)], [one, *old], desk.settings)
        if s.slot == (one.purpose, one.algorithm)
    ]
    assert [life.key.kid for life in slot.lives] == [one.kid, "old8", "old7", "old6"]
    assert RETIRED_SHOWN == 3
