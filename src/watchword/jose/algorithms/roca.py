"""The fingerprint of RSA keys from a broken generator (ROCA, CVE-2017-15361; THREATS J16).

Its primes are powers of 65537 modulo the product of many small primes, and so are their products: the modulus is the
same power of 65537 modulo every one of these small primes. Nearly no other modulus is (1 in 2**154). See Nemec et al.,
"The Return of Coppersmith's Attack", section 3.
"""

from functools import cache
from math import gcd

_GENERATOR = 65537
_PRIMES = (
    3,
    5,
    7,
    11,
    13,
    17,
    19,
    23,
    29,
    31,
    37,
    41,
    43,
    47,
    53,
    59,
    61,
    67,
    71,
    73,
    79,
    83,
    89,
    97,
    101,
    103,
    107,
    109,
    113,
    127,
    131,
    137,
    139,
    149,
    151,
    157,
    163,
    167,
)


def has_fingerprint(modulus: int) -> bool:
    """Whether ``modulus`` is a power of 65537 modulo the product of the small primes."""
    exponent, period = 0, 1
    for prime in _PRIMES:
        logarithms = _logarithms(prime)
        wanted = logarithms.get(modulus % prime)
        if wanted is None:
            return False
        # The exponents that fit the primes so far are `exponent` modulo `period`; is one of them `wanted` modulo the
        # order of the generator here? If so both conditions become one (the Chinese remainder theorem).
        order = len(logarithms)
        common = gcd(period, order)
        steps, rest = divmod(wanted - exponent, common)
        if rest:
            return False
        remaining = order // common
        exponent += period * (steps * pow(period // common, -1, remaining) % remaining)
        period *= remaining
    return True


@cache
def _logarithms(prime: int) -> dict[int, int]:
    """The exponent of every power of the generator modulo ``prime``."""
    found: dict[int, int] = {}
    power = 1
    while power not in found:
        found[power] = len(found)
        power = power * _GENERATOR % prime
    return found
