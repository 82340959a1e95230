"""One attempt to sign in (THREATS O50 to O53)."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest

from watchword.authn import known_device
from watchword.authn.attempt import Outcome, Refused, SignedIn, SignIn, Throttled
from watchword.authn.authentication import Authentication
from watchword.authn.errors import OverloadedError
from watchword.authn.factors.password import PasswordHasher
from watchword.authn.factors.password_hash import Cost, compute
from watchword.clock import SettableClock
from watchword.events import Event, LoginFailed, LoginSucceeded
from watchword.store.engine import Store
from watchword.store.identifiers import new_id
from watchword.store.repositories import users
from watchword.store.repositories.users import User

pytestmark = pytest.mark.anyio

CHEAP = Cost(memory=64, passes=1, lanes=1)
PASSWORD = "lanterns over the water"
HERE = "192.0.2.1"
ALICE = User(
    id=new_id(),
    username="alice",
    email="alice@example.com",
    email_verified_at=None,
    claims={},
    password_hash=compute(PASSWORD.encode(), CHEAP),
    password_changed_at=1.0,
    status="active",
    created_at=1.0,
)
T = TypeVar("T")


class CountingHasher(PasswordHasher):
    """Counts the hashes that are computed; everything else is real."""

    computed = 0

    async def _run(self, job: Callable[[], T]) -> T:
        self.computed += 1
        return await super()._run(job)


class Listener:
    """Remembers every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def hasher() -> Iterator[CountingHasher]:
    hasher = CountingHasher(cost=CHEAP, queue=200)
    yield hasher
    hasher.close()


@pytest.fixture
async def sign_in(store: Store, clock: SettableClock, hasher: CountingHasher) -> SignIn:
    await store.write(partial(users.create, user=ALICE))
    return SignIn(store, clock, hasher, b"t" * 32, Listener())


async def attempt(
    sign_in: SignIn, password: str = PASSWORD, *, identifier: str = "alice", address: str = HERE
) -> Outcome:
    return await sign_in.with_password(identifier=identifier, password=password, address=address)


async def another(sign_in: SignIn, name: str, **changes: object) -> User:
    user = replace(ALICE, **{"id": new_id(), "username": name, "email": None, **changes})  # type: ignore[arg-type]
    await sign_in.store.write(partial(users.create, user=user))
    return user


async def test_the_right_password_makes_an_authentication(sign_in: SignIn, clock: SettableClock) -> None:
    for typed in ("alice", "ALICE", " alice@example.com"):
        outcome = await attempt(sign_in, identifier=typed)
        assert isinstance(outcome, SignedIn)
        assert outcome.authentication == Authentication(
            ALICE.id, "urn:watchword:acr:password", ("pwd",), clock.now(), ALICE.password_changed_at
        )
    assert isinstance(sign_in.events, Listener)
    assert sign_in.events.events == [LoginSucceeded(clock.now(), ALICE.id)] * 3


async def test_every_refusal_takes_the_same_work(sign_in: SignIn, hasher: CountingHasher) -> None:
    """O50, G12: one hash of the same cost and one transaction, whoever is named."""
    await another(sign_in, "disabled", status="disabled")
    await another(sign_in, "locked", status="locked")
    await another(sign_in, "without", password_hash=None)
    await another(sign_in, "broken", password_hash="$2b$12$" + "a" * 53)
    for name, reason in {
        "alice": "wrong_password",
        "nobody": "unknown_user",
        "\x00": "unknown_user",
        "n" * 5000: "unknown_user",
        "": "unknown_user",
        "without": "unknown_user",
        "broken": "unusable_hash",
    }.items():
        before = hasher.computed
        assert await attempt(sign_in, "wrong", identifier=name) == Refused(reason), name  # type: ignore[arg-type]
        assert hasher.computed == before + 1, name
    for name in ("disabled", "locked"):
        before = hasher.computed
        assert await attempt(sign_in, identifier=name) == Refused("not_active")
        assert hasher.computed == before + 1


async def test_a_hundred_wrong_and_one_right(sign_in: SignIn, hasher: CountingHasher) -> None:
    """O51: at most five of a hundred parallel guesses are looked at."""
    guesses = [attempt(sign_in, f"wrong {number}") for number in range(100)]
    outcomes = await asyncio.gather(*guesses)
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, Throttled) for outcome in outcomes) == 95
    assert hasher.computed == 5
    assert isinstance(await attempt(sign_in), Throttled), "the right one too: blocked is blocked"
    assert isinstance(await attempt(sign_in, address="192.0.2.2"), SignedIn), "from elsewhere the user gets in"


async def test_every_spelling_of_an_identifier_shares_one_counter(sign_in: SignIn) -> None:
    """O51: another spelling is not another account."""
    for typed in ("alice", "Alice", "ALICE", " alice", "ＡＬＩＣＥ"):
        assert isinstance(await attempt(sign_in, "wrong", identifier=typed), Refused)
    assert isinstance(await attempt(sign_in, identifier="alice"), Throttled)


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_being_stopped_does_not_tell_which_identifiers_are_one_users(sign_in: SignIn, name: str) -> None:
    """O50: after guesses at a user name, its e-mail address answers as one that nobody has."""
    for _ in range(5):
        assert isinstance(await attempt(sign_in, "wrong", identifier=name), Refused)
    assert isinstance(await attempt(sign_in, "wrong", identifier=name), Throttled)
    assert isinstance(await attempt(sign_in, "wrong", identifier=f"{name}@example.com"), Refused)


async def test_unknown_users_are_throttled_alike(sign_in: SignIn, clock: SettableClock) -> None:
    """O50: being throttled tells nothing about being known."""
    for name in ("alice", "nobody"):
        outcomes = [await attempt(sign_in, "wrong", identifier=name) for _ in range(6)]
        assert [type(outcome) for outcome in outcomes] == [Refused] * 5 + [Throttled]
        assert outcomes[-1] == Throttled(30)
    clock.advance(30)
    assert isinstance(await attempt(sign_in), SignedIn)


@pytest.mark.exhaustive
async def test_successful_sign_ins_consume_nothing(sign_in: SignIn) -> None:
    """O51: a thousand users behind one address, or one user a thousand times."""
    for _ in range(120):
        assert isinstance(await attempt(sign_in), SignedIn)
    for _ in range(4):
        await attempt(sign_in, "wrong")
    for _ in range(20):
        assert isinstance(await attempt(sign_in), SignedIn)
    assert isinstance(await attempt(sign_in, "wrong"), Refused)
    assert isinstance(await attempt(sign_in), Throttled)


async def test_a_guesser_with_many_addresses_meets_the_account(sign_in: SignIn) -> None:
    """O51: spraying over addresses is stopped by the account's own counter."""
    for number in range(50):
        assert isinstance(await attempt(sign_in, "wrong", address=f"198.51.100.{number}"), Refused)
    assert isinstance(await attempt(sign_in, "wrong", address="203.0.113.1"), Throttled)


async def test_strangers_cannot_keep_a_user_out_of_their_own_browser(sign_in: SignIn) -> None:
    """O51: account and address are blocked by guesses from elsewhere; a browser known from before is not."""
    proof = known_device.prove(sign_in.secret, ALICE)
    for number in range(50):
        await attempt(sign_in, "wrong", address=f"198.51.100.{number}")
    for _ in range(5):
        await attempt(sign_in, "wrong")
    enter = partial(sign_in.with_password, identifier="alice", address=HERE)
    assert isinstance(await enter(password=PASSWORD), Throttled)
    assert isinstance(await enter(password=PASSWORD, device=proof), SignedIn)
    bob = await another(sign_in, "bob", password_changed_at=2.0)
    for forged in (proof[:-1], proof + "a", "wwd_", "wwd_é", known_device.prove(b"x" * 32, ALICE),
                   known_device.prove(sign_in.secret, bob),
                   known_device.prove(sign_in.secret, replace(ALICE, password_changed_at=99.0))):  # fmt: skip
        assert isinstance(await enter(password=PASSWORD, device=forged), Throttled), forged
    for _ in range(5):
        assert isinstance(await enter(password="wrong", device=proof), Refused)
    assert isinstance(await enter(password=PASSWORD, device=proof), Throttled), "a stolen proof buys five guesses"


async def test_a_guesser_with_many_accounts_meets_the_address(sign_in: SignIn) -> None:
    for number in range(100):
        assert isinstance(await attempt(sign_in, "wrong", identifier=f"user{number}"), Refused)
    assert isinstance(await attempt(sign_in, "wrong", identifier="another"), Throttled)
    assert isinstance(await attempt(sign_in, address="192.0.2.99"), SignedIn)


async def test_a_full_pool_is_not_counted_as_a_failure(store: Store, clock: SettableClock) -> None:
    """O52, O51: overload must not block whoever knows the password."""
    hasher = PasswordHasher(workers=1, queue=-1, cost=CHEAP)  # no place at all
    await store.write(partial(users.create, user=ALICE))
    crowded = SignIn(store, clock, hasher, b"t" * 32, Listener())
    for _ in range(10):
        with pytest.raises(OverloadedError):
            await attempt(crowded)
    hasher.close()
    roomy = replace(crowded, passwords=CountingHasher(cost=CHEAP))
    assert isinstance(await attempt(roomy), SignedIn)
    roomy.passwords.close()


async def test_a_sign_in_renews_an_old_hash(sign_in: SignIn) -> None:
    """O53"""
    older = compute(PASSWORD.encode(), Cost(memory=32, passes=1, lanes=1))
    user = await another(sign_in, "old", password_hash=older)
    await attempt(sign_in, "wrong", identifier="old")
    assert await sign_in.store.read(partial(users.find, user_id=user.id)) == user
    assert isinstance(await attempt(sign_in, identifier="old"), SignedIn)
    renewed = await sign_in.store.read(partial(users.find, user_id=user.id))
    assert renewed is not None
    assert renewed.password_hash is not None
    assert renewed.password_hash.startswith("$argon2id$v=19$m=64,")
    assert renewed.password_changed_at == user.password_changed_at
    assert isinstance(await attempt(sign_in, identifier="old"), SignedIn)


@pytest.mark.parametrize("meanwhile", ["disabled", "changed"])
async def test_what_happens_while_hashing_counts(
    sign_in: SignIn, hasher: CountingHasher, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """An operator disables the user, or changes the password, while the old one is being hashed."""
    verify = hasher.verify

    async def slowly(encoded: str, password: str) -> bool:
        right = await verify(encoded, password)
        if meanwhile == "disabled":
            await sign_in.store.write(partial(users.set_status, user_id=ALICE.id, status="disabled"))
        else:
            await sign_in.store.write(partial(users.set_password, user_id=ALICE.id, password_hash="x", now=99.0))
        return right

    monkeypatch.setattr(hasher, "verify", slowly)
    assert await attempt(sign_in) == Refused("not_active")


async def test_events_name_no_secret_and_no_identifier(sign_in: SignIn, clock: SettableClock) -> None:
    """O80"""
    await attempt(sign_in, "hunter2hunter2")
    assert isinstance(sign_in.events, Listener)
    assert sign_in.events.events == [LoginFailed(clock.now(), "wrong_password")]
