"""What the playground remembers: sealed for one user and one part."""

import pytest
from sqlalchemy import Connection, update

from watchword.admin import playground
from watchword.admin.desk import AdminDesk
from watchword.admin.users import UserRequest, add_user
from watchword.store.tables import playground_runs

pytestmark = pytest.mark.anyio

SECRET = bytes(range(32))


async def test_a_state_opens_for_its_user_and_part_alone(desk: AdminDesk) -> None:
    amy, bob = [await add_user(desk, UserRequest(email=f"{name}@example.com")) for name in ("amy", "bob")]
    assert await playground.save(desk, SECRET, b"tokens", user_id=amy.id, part="start", expected_version=0)
    assert not await playground.save(desk, SECRET, b"late", user_id=amy.id, part="start", expected_version=0)
    assert (await playground.load(desk, SECRET, user_id=amy.id, part="start")).text == b"tokens"
    assert (await playground.load(desk, bytes(32), user_id=amy.id, part="start")).text is None
    assert (await playground.load(desk, SECRET, user_id=bob.id, part="start")).text is None
    for moved in ({"user_id": bob.id}, {"part": "agent"}):

        def move(connection: Connection, moved: dict[str, str] = moved) -> None:
            connection.execute(update(playground_runs).values(moved))

        await desk.store.write(move)
    for user_id, part in ((bob.id, "agent"), (bob.id, "start"), (amy.id, "agent")):
        assert (await playground.load(desk, SECRET, user_id=user_id, part=part)).text is None
