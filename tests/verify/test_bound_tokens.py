"""Bound tokens from end to end: our client proves, our verifier checks (THREATS J92, O40, O42, O45)."""

import pytest
from tests.verify.tokens import API, ISSUER, NOW, access_token

from watchword.client.dpop import Proofs
from watchword.client.origins import Origin
from watchword.clock import SettableClock
from watchword.jose import Key
from watchword.oauth.dpop import PROOF_ALGORITHMS
from watchword.verify import AsyncVerifier, Verifier
from watchword.verify.errors import SenderNonceError, SenderProofError, SenderProofMissingError
from watchword.verify.presented import PresentedToken, from_request
from watchword.verify.replay import ProcessReplays
from watchword.verify.sender import SenderPolicy

ISSUING = Key.generate("ES256")
CLIENT = Key.generate("ES256")
ORIGIN = Origin("https", "api.example.com", 443)
SECRET = b"n" * 32


class Caller:
    """Somebody with a key and a token that is bound to it."""

    def __init__(self, clock: SettableClock, key: Key = CLIENT) -> None:
        self.token = access_token(ISSUING, cnf={"jkt": key.thumbprint()})
        self.proofs = Proofs(key, clock)

    def request(self, path: str = "/orders?page=2") -> PresentedToken:
        """``GET``, as a framework reads it."""
        proof = self.proofs.proof("GET", API + path, ORIGIN, access_token=self.token)
        target = path.partition("?")[0]
        return from_request([f"DPoP {self.token}"], ["page"], proofs=[proof], method="GET", path=target)


def verifier(clock: SettableClock, sender: SenderPolicy | None = None, *, cache: bool = True) -> Verifier:
    return Verifier(
        issuer=ISSUER,
        audience=API,
        keys=ISSUING.public(),
        clock=clock,
        cache=cache,
        sender=SenderPolicy() if sender is None else sender,
    )


@pytest.mark.parametrize("cache", [True, False])
def test_every_request_needs_a_proof_of_its_own_and_so_does_a_remembered_token(
    clock: SettableClock, *, cache: bool
) -> None:
    service, caller = verifier(clock, cache=cache), Caller(clock)
    for _ in range(3):
        request = caller.request()
        assert service.verify(request).sub == "user-1"
        with pytest.raises(SenderProofError, match="used before"):
            service.verify(request)
        for bare in (caller.token, PresentedToken(caller.token), PresentedToken(caller.token, "DPoP")):
            with pytest.raises(SenderProofMissingError):
                service.verify(bare)


@pytest.mark.anyio
async def test_the_same_on_an_event_loop_with_a_store_that_processes_share(clock: SettableClock) -> None:
    service = AsyncVerifier(
        issuer=ISSUER,
        audience=API,
        keys=ISSUING.public(),
        clock=clock,
        sender=SenderPolicy(replay=ProcessReplays(clock=clock)),
    )
    caller = Caller(clock)
    for _ in range(2):
        request = caller.request()
        assert (await service.verify(request)).sub == "user-1"
        with pytest.raises(SenderProofError, match="used before"):
            await service.verify(request)


def test_o42_a_client_learns_the_nonce_and_goes_on_when_it_changes(clock: SettableClock) -> None:
    service, caller = verifier(clock, SenderPolicy(nonce_secret=SECRET)), Caller(clock)
    refused = 0
    for _ in range(10):  # half a minute apart
        try:
            service.verify(caller.request())
        except SenderNonceError as error:
            refused += 1
            caller.proofs.remember(ORIGIN, {"dpop-nonce": error.nonce})
            service.verify(caller.request())
        clock.advance(29)
    assert 2 <= refused <= 5


def test_o45_a_thief_with_a_key_and_a_token_of_their_own_cannot_use_another_one(clock: SettableClock) -> None:
    service, victim, thief = verifier(clock), Caller(clock), Caller(clock, Key.generate("ES256"))
    proof = thief.proofs.proof("GET", API + "/orders", ORIGIN, access_token=victim.token)
    stolen = from_request([f"DPoP {victim.token}"], proofs=[proof], method="GET", path="/orders")
    with pytest.raises(SenderProofError, match="another key"):
        service.verify(stolen)
    service.verify(thief.request())


@pytest.mark.parametrize("algorithm", PROOF_ALGORITHMS)
def test_what_our_client_signs_with_any_key_our_verifier_takes(clock: SettableClock, algorithm: str) -> None:
    caller = Caller(clock, Key.generate(algorithm))
    assert verifier(clock).verify(caller.request()).expires_at == NOW + 300
