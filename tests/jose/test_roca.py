"""Keys of the generator that is broken (THREATS J16, CVE-2017-15361)."""

from math import prod
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from watchword.jose import Key, base64url
from watchword.jose.algorithms.roca import _PRIMES, has_fingerprint
from watchword.jose.errors import InvalidKeyError

PRODUCT = 2 * prod(_PRIMES)
RANDOM = Random(16)  # the same numbers at every run


def broken_factor() -> int:
    """A number of the form that the generator's primes have: k * M + 65537**a modulo M."""
    return (1 << 830 | RANDOM.getrandbits(830)) * PRODUCT + pow(65537, RANDOM.getrandbits(64), PRODUCT)


def test_the_primes_are_those_of_the_paper() -> None:
    assert tuple(p for p in range(3, 168) if all(p % q for q in range(2, p))) == _PRIMES


def test_cve_2017_15361_every_modulus_of_the_broken_form_is_recognised() -> None:
    assert all(has_fingerprint(broken_factor() * broken_factor()) for _ in range(100))


@pytest.mark.exhaustive
def test_j16_no_other_modulus_is() -> None:
    assert not any(has_fingerprint(RANDOM.getrandbits(2048) | 1) for _ in range(10_000))
    for _ in range(60):
        numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()
        assert not has_fingerprint(numbers.n)


def test_j16_a_power_for_each_prime_is_not_enough_without_one_exponent_for_all() -> None:
    """The older detectors ask for the first only, and one key in 200 million is wrongly accused by them."""
    modulus = 0
    for prime in _PRIMES:
        others = PRODUCT // prime
        modulus += others * pow(others, -1, prime) * pow(65537, RANDOM.getrandbits(16), prime)
    modulus %= PRODUCT
    assert all(any(pow(65537, a, prime) == modulus % prime for a in range(prime)) for prime in _PRIMES)
    assert not has_fingerprint(modulus)


@pytest.mark.parametrize("alg", ["RS256", "PS512"])
def test_j16_such_a_key_is_refused(alg: str) -> None:
    modulus = broken_factor() * broken_factor()
    assert modulus.bit_length() >= 2048
    with pytest.raises(InvalidKeyError, match="can be broken"):
        Key.from_dict({"kty": "RSA", "alg": alg, "n": base64url.encode_uint(modulus), "e": "AQAB"})
