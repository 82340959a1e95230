"""STEP 4, again and again: a token that opened a connection must be good for as long as the connection is open.

A token is cheap to verify once more (the signature is remembered), so that expiry, withdrawn keys and withdrawn tokens
end a connection within seconds.
"""

from collections.abc import Sequence

import anyio

from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import VerificationError
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection
from watchword.verify.requirements import Requirement

DEFAULT_EVERY = 0.5  # seconds; what is pushed ends a connection within one
_BETWEEN_QUESTIONS = 5.0  # seconds; each look at a token that is no JWT asks the issuer, for each connection
_SHORTEST_PAUSE = 0.01  # a clock that is about to reach the expiry must not make anybody spin


class OpenConnection:
    """One open connection and the token with which it was opened.

    Args:
        protection: admitted the token.
        presented: the token.
        claims: of the token, from `Protection.admit`.
        require: what it must still be good for.
        every: seconds between two looks; at least five if the issuer is asked each time, as about opaque tokens.

    ``asks_issuer``: whether it is.
    """

    def __init__(
        self,
        protection: Protection,
        presented: PresentedToken,
        claims: VerifiedClaims,
        require: Sequence[Requirement] = (),
        *,
        every: float = DEFAULT_EVERY,
    ) -> None:
        self.claims = claims
        self._protection = protection
        self._token = presented.unverified_token
        self._require = tuple(require)
        self.asks_issuer = self._token.count(".") != 2
        self._every = max(every, _BETWEEN_QUESTIONS) if self.asks_issuer else every

    def ask_also(self, require: Sequence[Requirement]) -> None:
        """From the next look on the token must be good for ``require`` too."""
        self._require += tuple(require)

    def check(self) -> None:
        """Return if the token is still good; may block while something is fetched.

        Raises:
            VerificationError: it is not.
        """
        self._protection.readmit(self._token, self.claims, self._require)

    async def acheck(self) -> None:
        """`check`, on an event loop."""
        await self._protection.areadmit(self._token, self.claims, self._require)

    @property
    def pause(self) -> float:
        """Seconds until the next look is due: the token's expiry is not overslept."""
        left = self.claims.expires_at - self._protection.now()
        # Past the expiry a leeway may be at work.
        return max(_SHORTEST_PAUSE, min(self._every, left)) if left > 0 else self._every

    async def end(self) -> VerificationError:
        """Wait until the token is no good any more, and return why."""
        while True:
            await anyio.sleep(self.pause)
            try:
                await self.acheck()
            except VerificationError as error:
                return error
