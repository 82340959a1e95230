"""A remembered token is worth as much as its key is today (THREATS J68, J85, J90, R31, R34, R36)."""

from collections.abc import Callable

import anyio
import pytest
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.tokens import API, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, base64url
from watchword.jose.jws import split
from watchword.verify import VerificationError, Verifier

DAY = 24 * 3600
Face = Callable[[Verifier, str], str]


def blocking(verifier: Verifier, token: str) -> str:
    try:
        return verifier.verify(token).sub
    except VerificationError as error:
        return error.code


def on_a_loop(verifier: Verifier, token: str) -> str:
    try:
        return anyio.run(verifier.for_event_loops.verify, token).sub
    except VerificationError as error:
        return error.code


@pytest.fixture(params=[blocking, on_a_loop])
def face(request: pytest.FixtureRequest) -> Face:
    chosen: Face = request.param
    return chosen


@pytest.fixture(params=[True, False], ids=["cached", "uncached"])
def verifier(request: pytest.FixtureRequest, issuer: LoopbackIssuer, clock: SettableClock) -> Verifier:
    """Both must say the same of everything below."""
    issuer.headers = {"cache-control": "max-age=60"}
    return Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off", cache=request.param)


def token_of(issuer: LoopbackIssuer, key: Key | None = None) -> str:
    return access_token(key or issuer.keys[0], iss=issuer.url, exp=NOW + 3 * DAY)


def test_r34_a_remembered_token_does_not_outlive_the_stale_keys(
    verifier: Verifier, face: Face, issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    token = token_of(issuer)
    assert face(verifier, token) == "user-1"
    issuer.fails()
    clock.advance(DAY)
    assert face(verifier, token) == "user-1"
    clock.advance(61)
    assert face(verifier, token) == "keys_unavailable"
    issuer.recovers()
    clock.advance(31)
    assert face(verifier, token) == "user-1"


def test_r31_another_key_under_the_same_name_is_never_believed(
    verifier: Verifier, face: Face, issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    old = issuer.keys[0]
    impostor = Key.generate("ES256", kid=old.kid)
    mine, forged = token_of(issuer), token_of(issuer, impostor)
    assert face(verifier, mine) == "user-1"
    issuer.keys = [impostor]
    clock.advance(121)
    assert face(verifier, mine) == "user-1"
    assert face(verifier, forged) == "signature_invalid"
    clock.advance(DAY + 61)
    assert face(verifier, mine) == "keys_unavailable"
    assert face(verifier, forged) == "keys_unavailable"


def test_r31_nor_after_everything_was_forgotten_for_a_remembered_token(
    verifier: Verifier, face: Face, issuer: LoopbackIssuer
) -> None:
    """A new process knows no names: the token of the old key must fall with it, remembered or not."""
    old = issuer.keys[0]
    mine = token_of(issuer)
    assert face(verifier, mine) == "user-1"
    issuer.keys = [Key.generate("ES256", kid=old.kid)]
    verdict = verifier._verification._cache.get(mine)
    verifier._verification.forget()
    if verdict is not None:  # a request that was under way remembers it again
        verifier._verification._cache.put(mine, verdict)
    assert face(verifier, mine) in {"key_unknown", "signature_invalid"}
    assert face(verifier, mine) in {"key_unknown", "signature_invalid"}


def test_j47_a_token_that_names_no_key_is_good_only_while_there_is_just_one(
    verifier: Verifier, face: Face, issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    nameless = Key.generate("Ed25519")
    issuer.keys = [nameless]
    named = token_of(issuer)
    payload = split(named).payload_segment
    signing_input = b"eyJhbGciOiJFZDI1NTE5IiwidHlwIjoiYXQrand0In0." + payload
    token = signing_input.decode() + "." + base64url.encode_text(nameless.sign(signing_input))
    assert face(verifier, token) == "user-1"
    issuer.keys = [nameless, Key.generate("ES256")]
    clock.advance(121)
    assert face(verifier, named) == "user-1"  # which brings the new set, so that nothing is due any more
    assert face(verifier, token) == "key_unknown"
    issuer.keys = [Key.generate("Ed25519")]
    clock.advance(121)
    assert face(verifier, token) in {"key_unknown", "signature_invalid"}
    assert face(verifier, named) == "key_unknown"


def test_j85_an_outage_between_two_requests_costs_a_remembered_token_nothing(
    verifier: Verifier, face: Face, issuer: LoopbackIssuer, clock: SettableClock
) -> None:
    token = token_of(issuer)
    assert face(verifier, token) == "user-1"
    issuer.fails(503)
    for _ in range(20):
        clock.advance(180)
        assert face(verifier, token) == "user-1"
