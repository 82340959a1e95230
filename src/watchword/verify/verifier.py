"""STEP 4: from a presented token to verified claims, blocking and not."""

from collections.abc import Sequence
from typing import Self, Unpack

from watchword.verify.claims import VerifiedClaims
from watchword.verify.options import VerifierOptions
from watchword.verify.presented import PresentedToken
from watchword.verify.requirements import Requirement, check
from watchword.verify.settings import read_options
from watchword.verify.status import VerifierStatus
from watchword.verify.verification import Verification


class _Face:
    """What both verifiers are: two ways into one `Verification`."""

    def __init__(self, **options: Unpack[VerifierOptions]) -> None:
        self._stand_before(Verification(read_options(options)))

    def _stand_before(self, verification: Verification) -> None:
        self._verification = verification
        self._attempt = verification.attempt  # bound once, not at every token
        self._clock = verification.settings.clock

    @classmethod
    def _sharing(cls, verification: Verification) -> Self:
        face = cls.__new__(cls)
        face._stand_before(verification)  # noqa: SLF001  its own kind
        return face

    @property
    def audience(self) -> str:
        """The name of this API: the first of its audiences."""
        return self._verification.settings.audience

    @property
    def issuers(self) -> tuple[str, ...]:
        """Whose tokens are taken."""
        return tuple(issuer.expected.issuer for issuer in self._verification.issuers)

    @property
    def issuer(self) -> str:
        """Whose tokens are taken; of several issuers the first."""
        return self.issuers[0]

    def status(self) -> VerifierStatus:
        """How it is doing: keys, withdrawals, remembered tokens."""
        return self._verification.status()

    def close(self) -> None:
        """End the connection and the thread that listen for withdrawals, as at the end of a long program's use of it.

        Nothing is believed less for it: whoever verifies afterwards lets them begin anew, and a token is looked up
        before it is taken.
        """
        self._verification.close()


class Verifier(_Face):
    """Verifies access tokens, blocking while keys are fetched. Make one and share it between threads.

    Args:
        options: ``issuer`` and ``audience`` at least, see `watchword.verify.options.VerifierOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
    """

    def verify(self, token: str | PresentedToken, *, require: Sequence[Requirement] = ()) -> VerifiedClaims:
        """Whom ``token`` speaks for.

        Args:
            token: the compact JWT, or all that a request presented. Without the latter a token that is bound to a
                key is refused, since nothing proves that whoever sent it has that key.
            require: what it must be good for, see `watchword.verify.requirements`.

        Raises:
            VerificationError: which of its kinds says why not.
        """
        claims = self._attempt(token)
        if claims is None:
            claims = self._fetch_and_verify(token)
        return check(claims, require, now=self._clock.now()) if require else claims

    @property
    def for_event_loops(self) -> "AsyncVerifier":
        """The same verifier for asyncio; keys, cache and withdrawals are shared."""
        return AsyncVerifier._sharing(self._verification)  # noqa: SLF001  of one file

    def _fetch_and_verify(self, token: str | PresentedToken) -> VerifiedClaims:
        steps = self._verification.steps(token)
        try:
            need = next(steps)
            while True:
                need = steps.send(need.meet())
        except StopIteration as done:
            claims: VerifiedClaims = done.value
            return claims


class AsyncVerifier(_Face):
    """Verifies access tokens on an asyncio event loop. Arguments and errors are those of `Verifier`."""

    async def verify(self, token: str | PresentedToken, *, require: Sequence[Requirement] = ()) -> VerifiedClaims:
        """See `Verifier.verify`; the event loop is never blocked by the network."""
        claims = self._attempt(token)
        if claims is None:
            claims = await self._fetch_and_verify(token)
        return check(claims, require, now=self._clock.now()) if require else claims

    async def _fetch_and_verify(self, token: str | PresentedToken) -> VerifiedClaims:
        steps = self._verification.steps(token)
        try:
            need = next(steps)
            while True:
                need = steps.send(await need.ameet())
        except StopIteration as done:
            claims: VerifiedClaims = done.value
            return claims
