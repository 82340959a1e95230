"""A user and a client for rows that must belong to somebody."""

from functools import partial

from watchword.store.engine import Store
from watchword.store.identifiers import new_id
from watchword.store.repositories import clients, users
from watchword.store.repositories.clients import Client
from watchword.store.repositories.users import User


async def a_user(store: Store) -> str:
    """The id of a new user."""
    user = User(
        id=new_id(),
        username=new_id(),
        email=None,
        email_verified_at=None,
        claims={},
        password_hash=None,
        password_changed_at=None,
        status="active",
        created_at=1.0,
    )
    await store.write(partial(users.create, user=user))
    return user.id


async def a_client(store: Store) -> str:
    """The id of a new client."""
    client = Client(id=new_id(), name="c", auth_method="none", grant_types=("authorization_code",), created_at=1.0)
    await store.write(partial(clients.create, client=client, now=1.0))
    return client.id
