"""What an attempt is charged to (THREATS O51, O80)."""

from watchword.authn.throttle import LONGEST_BLOCK, limits_for

SECRET = b"k" * 32


def keys(account: str, address: str, secret: bytes = SECRET) -> list[str]:
    return [limit.key for limit in limits_for(secret, account=account, address=address)]


def test_pair_account_and_address_are_counted_apart() -> None:
    pair, account, address = keys("alice", "192.0.2.1")
    assert len({pair, account, address}) == 3
    assert keys("alice", "192.0.2.2")[1] == account
    assert keys("bob", "192.0.2.1")[2] == address
    assert keys("alice", "192.0.2.2")[0] != pair != keys("bob", "192.0.2.1")[0]


def test_keys_say_nothing_and_cannot_be_shifted_into_each_other() -> None:
    """Keyed digests: a stolen table does not tell who tried to sign in from where."""
    assert "alice" not in "".join(keys("alice", "192.0.2.1"))
    assert not set(keys("alice", "192.0.2.1", b"x" * 32)) & set(keys("alice", "192.0.2.1"))
    assert keys("a\x00b", "c")[1] != keys("a", "b\x00c")[1]
    assert keys("alice", "alice")[1] != keys("alice", "alice")[2]


def test_one_source_is_stopped_before_the_account_is() -> None:
    """Nobody locks somebody else out from one place, and nobody out for good."""
    pair, account, address = limits_for(SECRET, account="alice", address="192.0.2.1")
    assert pair.failures < account.failures < address.failures <= 100
    for limit in (pair, account, address):
        assert limit.block(limit.failures - 1) == 0
        assert limit.block(limit.failures) > 0
        assert limit.block(10**6) == LONGEST_BLOCK <= 900
