"""How many wrong passwords an account and an address may try.

Blocks are soft: they grow to a quarter of an hour and end by themselves, so that nobody can be locked out for good.
A single source is stopped first, by the pair of account and address; an account that many sources guess at and an
address that guesses at many accounts have higher limits of their own. A browser in which the user has signed in before
has its own counter instead, so that guesses from elsewhere do not keep them out.
"""

import hashlib
import hmac

from watchword.store.repositories.login_throttle import Limit

WINDOW = 900.0  # seconds
LONGEST_BLOCK = 900.0

PER_PAIR = 5
PER_ACCOUNT = 50
PER_ADDRESS = 100


def limits_for(secret: bytes, *, account: str, address: str, device: str | None = None) -> tuple[Limit, ...]:
    """The counters that one attempt is charged to; their keys tell nobody who or where.

    Args:
        secret: the installation's ``throttle`` key.
        account: what was typed, folded; the user's id together with ``device``.
        address: from `client_address`.
        device: the name of a known browser of this account, from `known_device`.
    """
    if device is not None:
        return (_limit(secret, "device", (account, device), failures=PER_PAIR, first_block=30.0),)
    return (
        _limit(secret, "pair", (account, address), failures=PER_PAIR, first_block=30.0),
        _limit(secret, "account", (account,), failures=PER_ACCOUNT, first_block=60.0),
        _limit(secret, "address", (address,), failures=PER_ADDRESS, first_block=60.0),
    )


def _limit(secret: bytes, kind: str, parts: tuple[str, ...], *, failures: int, first_block: float) -> Limit:
    message = "\x00".join((kind, *parts)).encode("utf-8", "surrogatepass")
    return Limit(
        key=hmac.new(secret, message, hashlib.sha256).hexdigest(),
        failures=failures,
        window=WINDOW,
        first_block=first_block,
        longest_block=LONGEST_BLOCK,
    )
