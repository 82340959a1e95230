"""Roles."""

from functools import partial

import pytest
from tests.store.repositories.people import a_client, a_user

from watchword.store.engine import Store
from watchword.store.repositories import roles

pytestmark = pytest.mark.anyio


async def test_users_and_clients_hold_roles(store: Store) -> None:
    user, client = await a_user(store), await a_client(store)
    for subject, role in ((user, "b"), (user, "admin"), (user, "admin"), (client, "a")):
        await store.write(partial(roles.assign, subject_id=subject, role=role, now=1.0))
    assert await store.read(partial(roles.roles_of, subject_id=user)) == ("admin", "b")
    assert await store.read(partial(roles.roles_of, subject_id=client)) == ("a",)
    for _ in range(2):
        await store.write(partial(roles.remove, subject_id=user, role="admin"))
    assert await store.read(partial(roles.roles_of, subject_id=user)) == ("b",)
    assert await store.read(partial(roles.roles_of, subject_id="nobody")) == ()
