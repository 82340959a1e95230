"""The operator's hand on the ring of keys."""

import pytest

from watchword.admin.desk import AdminDesk
from watchword.admin.keys import list_keys, rotate
from watchword.clock import SettableClock
from watchword.issuer.keys.rotation import KeyStepError

pytestmark = pytest.mark.anyio


async def test_a_rotation_waits_until_everybody_can_know_the_successor(desk: AdminDesk, clock: SettableClock) -> None:
    """I5: a key signs only after every cache must have seen it, even when the operator is in a hurry."""
    await desk.keys.start()
    active = {
        key.algorithm: key.kid for key in await list_keys(desk) if key.state == "active" and key.purpose == "token"
    }
    clock.advance(60)
    left = desk.settings.jwks_max_age + desk.settings.key_refresh - 60
    with pytest.raises(KeyStepError, match=f"try again in {left} seconds"):
        await rotate(desk, "ES256")
    clock.advance(left)
    kid = await rotate(desk, "ES256")
    states = {key.kid: key.state for key in await list_keys(desk)}
    assert states[kid] == "active"
    assert states[active["ES256"]] == "retiring"
    assert states[active["RS256"]] == "active"
