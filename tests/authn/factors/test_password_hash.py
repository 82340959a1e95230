"""Argon2id hashes, ours and imported (THREATS O53, O54)."""

import pytest
from argon2 import PasswordHasher as ReferenceHasher

from watchword.authn.errors import UnusableHashError
from watchword.authn.factors import password_hash
from watchword.authn.factors.password_hash import DEFAULT_COST, HIGHEST_COST, Cost

CHEAP = Cost(memory=64, passes=1, lanes=1)
SALT_AND_HASH = "$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43


def test_a_hash_is_salted_and_says_what_it_cost() -> None:
    first, second = password_hash.compute(b"secret", CHEAP), password_hash.compute(b"secret", CHEAP)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert password_hash.cost_of(first) == CHEAP
    assert password_hash.matches(first, b"secret")
    assert not password_hash.matches(first, b"Secret")


def test_the_default_cost_is_what_owasp_asks() -> None:
    assert Cost(memory=19 * 1024, passes=2, lanes=1) == DEFAULT_COST
    assert DEFAULT_COST.within(HIGHEST_COST)


def test_hashes_of_another_library_count() -> None:
    encoded = ReferenceHasher(time_cost=1, memory_cost=128, parallelism=2).hash("pässword")
    assert password_hash.matches(encoded, "pässword".encode())
    assert ReferenceHasher().verify(password_hash.compute(b"x", CHEAP), "x")


@pytest.mark.parametrize(
    "pair",
    [
        (b"abc", b"abc\x00"),
        (b"abc\x00def", b"abc\x00xyz"),
        (b"a" * 72 + b"1", b"a" * 72 + b"2"),
        (b"a" * 1023 + b"1", b"a" * 1023 + b"2"),
        ("é".encode(), "e\u0301".encode()),
        (b"password", b"password "),
        (b"", b"\x00"),
    ],
)
def test_every_byte_counts(pair: tuple[bytes, bytes]) -> None:
    """O54: nothing is cut off, folded or normalised."""
    encoded = password_hash.compute(pair[0], CHEAP)
    assert password_hash.matches(encoded, pair[0])
    assert not password_hash.matches(encoded, pair[1])


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "plain",
        "$2b$12$" + "a" * 53,
        "$argon2i$v=19$m=64,t=1,p=1" + SALT_AND_HASH,
        "$argon2d$v=19$m=64,t=1,p=1" + SALT_AND_HASH,
        "$argon2id$v=16$m=64,t=1,p=1" + SALT_AND_HASH,
        "$argon2id$m=64,t=1,p=1" + SALT_AND_HASH,
        "$argon2id$v=19$m=131073,t=1,p=1" + SALT_AND_HASH,
        "$argon2id$v=19$m=4194304,t=1,p=1" + SALT_AND_HASH,
        "$argon2id$v=19$m=99999999999,t=1,p=1" + SALT_AND_HASH,
        "$argon2id$v=19$m=64,t=9,p=1" + SALT_AND_HASH,
        "$argon2id$v=19$m=64,t=1,p=5" + SALT_AND_HASH,
        "$argon2id$v=19$m=064,t=1,p=1" + SALT_AND_HASH,
        "$argon2id$v=19$m=64,t=1,p=1,x=1" + SALT_AND_HASH,
        "$argon2id$v=19$m=64,t=1,p=1$$",
        "$argon2id$v=19$m=64,t=1,p=1" + SALT_AND_HASH + "\n",
    ],
)
def test_a_stored_hash_cannot_eat_the_machine(encoded: str) -> None:
    """O53: another kind, or dearer than the cap, is refused before anything is computed."""
    with pytest.raises(UnusableHashError) as refusal:
        password_hash.matches(encoded, b"x")
    assert "c29tZXNhbHRz" not in str(refusal.value)
