"""Every case of the Wycheproof files, against the list of those where Watchword and their authors differ.

`expected.json` holds the list, with a reason for each, and the SHA-256 of every vector file: whatever changes, in
either direction, is a failure that somebody has to explain.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tests.vectors import folder, wycheproof
from tests.vectors.der import public_members
from tests.vectors.wycheproof import ACCEPTED, AGREES, PRIMITIVES, Outcome

from watchword.jose import Key, jws
from watchword.jose.algorithms import BY_NAME
from watchword.jose.errors import SignatureInvalidError, UnsupportedKeyError

EXPECTED: dict[str, Any] = json.loads((Path(__file__).parent / "expected.json").read_text())
FILES: dict[str, dict[str, Any]] = EXPECTED["files"]
WYCHEPROOF = [name for name in FILES if name.startswith("wycheproof/")]
PUBLIC_KEYS = [name for name in WYCHEPROOF if (wycheproof.algorithm_of(name) or "HS256")[:2] != "HS"]


def expected_differences(name: str) -> set[Outcome]:
    return {
        Outcome(tc_id, row["wycheproof"], row["ours"])
        for row in EXPECTED["differences"]
        if row["file"] == name
        for tc_id in row["tcId"]
    }


@pytest.mark.parametrize("name", WYCHEPROOF)
def test_wycheproof(name: str) -> None:
    """J01-J48: what differs from the file is exactly what is listed, with its reason."""
    outcomes = wycheproof.run(name)
    differences = {outcome for outcome in outcomes if (outcome.wycheproof, outcome.ours) not in AGREES}
    assert differences == expected_differences(name)
    assert len(outcomes) == FILES[name]["cases"]


@pytest.mark.parametrize("name", FILES)
def test_the_vector_file_is_the_one_that_was_looked_at(name: str) -> None:
    assert folder.digest(name) == FILES[name]["sha256"]


def test_every_vector_file_is_run() -> None:
    found = folder.find()
    there = {
        str(path.relative_to(found)) for part in ("wycheproof", "rfc7520") for path in found.glob(f"{part}/**/*.json")
    }
    assert there == set(FILES)


def test_every_difference_has_a_reason_and_is_listed_once() -> None:
    rows = EXPECTED["differences"]
    assert all(row["reason"] and row["file"] in FILES for row in rows)
    listed = [(row["file"], tc_id) for row in rows for tc_id in row["tcId"]]
    assert len(listed) == len(set(listed))


def test_nothing_invalid_is_accepted_without_being_the_very_bytes_of_something_valid() -> None:
    """The only cases accepted against their authors lost the padding they are about (THREATS 2.3)."""
    rows = [row for row in EXPECTED["differences"] if row["ours"] == ACCEPTED]
    assert [(row["file"], row["tcId"]) for row in rows] == [("wycheproof/json_web_signature_test.json", [367, 370])]
    tests = {
        test["tcId"]: test["jws"]
        for group in folder.read("wycheproof/json_web_signature_test.json")["testGroups"]
        for test in group["tests"]
    }
    assert tests[367] == tests[370] == tests[357]


def groups(name: str) -> Iterator[dict[str, Any]]:
    yield from folder.read(name)["testGroups"]


@pytest.mark.parametrize("name", [name for name in PUBLIC_KEYS if wycheproof.algorithm_of(name)])
def test_a_key_is_the_same_from_its_jwk_and_from_its_der(name: str) -> None:
    alg = wycheproof.algorithm_of(name)
    assert alg is not None
    compared = 0
    for group in groups(name):
        jwk = wycheproof.jwk_of(group, alg)
        if alg not in BY_NAME:
            with pytest.raises(UnsupportedKeyError):
                Key.from_dict(jwk)
            continue
        try:
            theirs = public_members(load_der_public_key(bytes.fromhex(group["publicKeyDer"])))
        except ValueError:
            continue  # a few keys are broken on purpose; what then is refused is what `test_wycheproof` counts
        key = Key.from_dict(jwk)
        ours = key.to_dict()
        assert {member: ours[member] for member in theirs} == theirs
        assert key.thumbprint() == Key.from_dict({**theirs, "alg": alg}).thumbprint()
        compared += 1
    assert compared or alg not in BY_NAME


def test_the_hook_that_takes_the_bare_signatures_is_the_one_that_tokens_pass() -> None:
    """Otherwise the files of bare signatures would prove nothing about tokens."""

    class Refusing:
        """A key's material that refuses everything."""

        def __init__(self, real: Any) -> None:
            self.real = real
            self.asked: list[bytes] = []

        def verify(self, data: bytes, signature: bytes) -> None:
            self.asked.append(data)
            raise SignatureInvalidError("the signature does not fit")

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

    key = Key.generate("ES256")
    token = jws.sign(b"{}", key, typ="JWT")
    material = Refusing(key._material)
    refusing = Key(BY_NAME["ES256"], material, kid=key.kid)
    with pytest.raises(SignatureInvalidError):
        jws.verify(token, refusing)
    assert material.asked == [token.rpartition(".")[0].encode()]
    with pytest.raises(SignatureInvalidError):
        refusing.verify(b"data", b"signature")


def test_every_algorithm_has_vectors() -> None:
    assert set(BY_NAME) - set(PRIMITIVES.values()) == {"EdDSA"}  # Ed25519 by its older name
