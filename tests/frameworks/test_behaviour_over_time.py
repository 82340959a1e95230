"""What the behaviour suite asks of all frameworks beside a single request: proofs that work once, and withdrawals.

RFC 9449 section 7; THREATS O40, O43, O45.
"""

from tests.frameworks.drivers.catalogue import those_that
from tests.frameworks.protected_api import API, ISSUER, Call, Caller, Driver, protected
from tests.frameworks.tokens import bearer, bound, proof

from watchword.clock import SettableClock
from watchword.verify.sender import SenderPolicy
from watchword.verify.testing import FakeIssuer


def with_proof(text: str, proof: str, operation: str = "read") -> Call:
    return Call(operation, (("Authorization", "DPoP " + text), ("DPoP", proof)))


@those_that("dpop")
def test_o40_a_bound_token_passes_with_a_proof_that_works_once(driver: Driver, call: Caller) -> None:
    text = bound()
    own = proof(text, driver.target.format("read"))
    answer = call(with_proof(text, own))
    assert (answer.status, answer.body) == (200, {"sub": "user-1"})
    assert call(with_proof(text, own)).status == driver.statuses.get(401, 401)
    assert call(with_proof(text, proof(text, driver.target.format("read")))).status == 200


@those_that("dpop")
def test_o43_a_proof_for_another_request_is_refused(driver: Driver, call: Caller) -> None:
    text = bound()
    for target in (driver.target.format("write"), "DELETE " + driver.target.format("read").split(" ")[1]):
        answer = call(with_proof(text, proof(text, target)))
        assert answer.status == driver.statuses.get(401, 401)
        if "challenge" in driver.tells:
            assert answer.told["www-authenticate"].startswith("DPoP ")
            assert 'error="invalid_dpop_proof"' in answer.told["www-authenticate"]


@those_that("dpop")
def test_o45_a_bound_token_is_no_bearer_token(driver: Driver, call: Caller) -> None:
    text = bound()
    headers = (("Authorization", "Bearer " + text), ("DPoP", proof(text, driver.target.format("read"))))
    assert call(Call(headers=headers)).status == driver.statuses.get(401, 401)


@those_that("dpop")
def test_a_nonce_that_is_asked_for_reaches_the_caller(driver: Driver, clock: SettableClock) -> None:
    """RFC 9449 section 9."""
    text = bound()
    with driver.serve(**protected(clock, sender=SenderPolicy(nonce_secret=b"n" * 32))) as call:
        answer = call(with_proof(text, proof(text, driver.target.format("read"))))
        assert answer.status == driver.statuses.get(401, 401)
        if "challenge" in driver.tells:
            assert 'error="use_dpop_nonce"' in answer.told["www-authenticate"]
            again = proof(text, driver.target.format("read"), nonce=answer.told["dpop-nonce"])
            assert call(with_proof(text, again)).status == 200


def test_a_token_that_was_withdrawn_is_refused_from_then_on(driver: Driver) -> None:
    """The journal is on by itself where the issuer announces one."""
    with (
        FakeIssuer(ISSUER, audience=API) as issuer,
        driver.serve(issuer=ISSUER, audience=API) as call,
    ):
        text, other = (issuer.token("alice", scopes=["orders:read"]) for _ in range(2))
        assert (call(bearer(text)).status, call(bearer(other)).status) == (200, 200)
        issuer.revoke(text)
        answer = call(bearer(text))
        assert answer.status == driver.statuses.get(401, 401)
        if "body" in driver.tells:
            assert answer.body["code"] == "token_invalid"
        assert call(bearer(other)).status == 200
