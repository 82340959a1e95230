"""New keys: named so that a person can type the name, sealed before anybody stores them."""

import json
import re

import pytest

from watchword.issuer.keys.generation import SEALED_FOR, generate
from watchword.jose import Key
from watchword.store.sealing import MasterKey


def key_with(kid_start: str, *, avoid: str = "") -> Key:
    while True:
        key = Key.generate("ES256")
        if key.kid.startswith(kid_start) and (not avoid or not key.kid.startswith(avoid)):
            return key


def test_no_kid_looks_like_an_option_of_a_command(monkeypatch: pytest.MonkeyPatch, master_key: MasterKey) -> None:
    unlucky, lucky = key_with("-"), key_with("", avoid="-")
    coming = iter([unlucky, unlucky, lucky])
    monkeypatch.setattr(Key, "generate", lambda algorithm: next(coming))
    assert generate("ES256", master_key).kid == lucky.kid


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_is_named_by_its_thumbprint_and_sealed(algorithm: str, master_key: MasterKey) -> None:
    made = generate(algorithm, master_key)
    key = Key.from_dict(json.loads(master_key.open(made.sealed_private_jwk, purpose=SEALED_FOR)))
    assert made.kid == key.thumbprint()
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{42}", made.kid)
    assert made.public_jwk == dict(key.public().to_dict())
    assert "d" not in made.public_jwk
