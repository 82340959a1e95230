"""Users and what they type to say who they are."""

from dataclasses import replace
from functools import partial

import pytest

from watchword.store.engine import Store
from watchword.store.identifiers import new_id
from watchword.store.repositories import sessions, users
from watchword.store.repositories.users import IdentifierTakenError, InvalidIdentifierError, User

pytestmark = pytest.mark.anyio

ALICE = User(
    id=new_id(),
    username="Alice",
    email="Alice@Example.com",
    email_verified_at=5.0,
    claims={"name": "Alice Liddell", "address": {"country": "UK"}},
    password_hash="$argon2id$secret",
    password_changed_at=6.0,
    status="active",
    created_at=7.0,
)


def other(**changes: object) -> User:
    return replace(ALICE, **{"id": new_id(), "username": "bob", "email": None, **changes})  # type: ignore[arg-type]


async def test_what_is_stored_comes_back(store: Store) -> None:
    await store.write(partial(users.create, user=ALICE))
    assert await store.read(partial(users.find, user_id=ALICE.id)) == ALICE
    assert await store.read(partial(users.find, user_id="nobody")) is None
    assert await store.read(users.list_all) == [ALICE]
    assert await store.read(users.count) == 1
    assert "argon2id" not in repr(ALICE)


async def test_identifiers_are_found_in_every_spelling(store: Store) -> None:
    await store.write(partial(users.create, user=ALICE))
    await store.write(partial(users.create, user=other(username="Strauß", email="ünï@example.com")))
    for typed in ("alice", " ALICE ", "ａｌｉｃｅ", "alice@example.COM"):
        assert await store.read(partial(users.find_by_identifier, typed=typed)) == ALICE, typed
    for typed in ("STRAUSS", "u\u0308nï@EXAMPLE.com"):
        found = await store.read(partial(users.find_by_identifier, typed=typed))
        assert found is not None, typed
        assert found.username == "Strauß"
    for typed in ("", " ", "alice\x00", "a" * 10_000, "%", "alice'--"):
        assert await store.read(partial(users.find_by_identifier, typed=typed)) is None, typed


async def test_names_and_addresses_are_one_namespace(store: Store) -> None:
    """Nobody's user name can be somebody else's e-mail; nothing of a refused user stays."""
    await store.write(partial(users.create, user=ALICE))
    for taken in ({"username": "ALICE"}, {"username": "alice@example.com"}, {"email": "alice"}):
        with pytest.raises(IdentifierTakenError):
            await store.write(partial(users.create, user=other(**taken)))
    for bad in ({"username": " "}, {"username": "a" * 256}, {"username": "a\u200bb"}, {"email": "a\nb"}):
        with pytest.raises(InvalidIdentifierError):
            await store.write(partial(users.create, user=other(**bad)))
    assert await store.read(users.count) == 1
    await store.write(partial(users.create, user=other(username="carol@example.com", email="Carol@example.com")))


async def test_another_password_ends_every_session(store: Store) -> None:
    """O55"""
    await store.write(partial(users.create, user=ALICE))
    begin = partial(
        sessions.create, user_id=ALICE.id, cookie_hash="c", auth_time=1.0, acr="a", amr=("pwd",), now=1.0, lifetime=9.0
    )
    session = await store.write(begin)
    await store.write(partial(users.set_password, user_id=ALICE.id, password_hash="new", now=8.0))
    changed = await store.read(partial(users.find, user_id=ALICE.id))
    assert changed == replace(ALICE, password_hash="new", password_changed_at=8.0)
    ended = await store.read(partial(sessions.find, session_id=session.id))
    assert ended is not None
    assert ended.ended_at == 8.0


async def test_a_newer_hash_never_undoes_another_password(store: Store) -> None:
    """O53: the rehash of a sign-in meets a password that was changed meanwhile."""
    await store.write(partial(users.create, user=ALICE))
    rehash = partial(users.replace_hash, user_id=ALICE.id, password_hash="newer")
    await store.write(partial(rehash, expected="another"))
    assert await store.read(partial(users.find, user_id=ALICE.id)) == ALICE
    assert ALICE.password_hash is not None
    await store.write(partial(rehash, expected=ALICE.password_hash))
    assert await store.read(partial(users.find, user_id=ALICE.id)) == replace(ALICE, password_hash="newer")


async def test_a_user_is_active_or_not(store: Store) -> None:
    await store.write(partial(users.create, user=ALICE))
    await store.write(partial(users.set_status, user_id=ALICE.id, status="disabled"))
    found = await store.read(partial(users.find, user_id=ALICE.id))
    assert found is not None
    assert not found.is_active
    assert (ALICE.label, other(claims={}).label, other(claims={"name": 7}).label) == ("Alice Liddell", "bob", "bob")
