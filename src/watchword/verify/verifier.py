"""STEP 4: from a presented token to verified claims, blocking and not."""

from collections.abc import Sequence

from watchword.clock import Clock, SystemClock
from watchword.jose.algorithms import ASYMMETRIC
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.verify import access_token
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import VerifierSettingsError
from watchword.verify.key_source import GivenKeys, KeySource, PublishedKeys
from watchword.verify.presented import PresentedToken
from watchword.verify.requirements import Requirement, check
from watchword.verify.settings import expectations, key_address


class _Settled:
    """What both verifiers are made of; `Verifier` describes the arguments."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        profile: str = "rfc9068",
        keys: Key | KeySet | None = None,
        algorithms: Sequence[str] = ASYMMETRIC,
        leeway: float = 0.0,
        metadata_url: str | None = None,
        jwks_url: str | None = None,
        danger_allow_http: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.expected = expectations(
            issuer=issuer, audience=audience, profile=profile, algorithms=algorithms, leeway=leeway
        )
        self._clock = clock or SystemClock()
        self._keys: KeySource
        if keys is None:
            address = key_address(
                issuer=issuer, metadata_url=metadata_url, jwks_url=jwks_url, danger_allow_http=danger_allow_http
            )
            self._keys = PublishedKeys(address, algorithms=self.expected.algorithms, clock=self._clock)
        else:
            self._keys = GivenKeys(_usable(keys, self.expected.algorithms))

    @property
    def issuer(self) -> str:
        """Whose tokens are taken."""
        return self.expected.issuer

    @property
    def audience(self) -> str:
        """For whom they must have been made."""
        return self.expected.audience


class Verifier(_Settled):
    """Verifies access tokens, blocking while keys are fetched. Make one and share it between threads.

    Args:
        issuer: what ``iss`` must equal, byte for byte.
        audience: the identifier of this API, which ``aud`` must hold.
        profile: how the issuer's tokens are read.
        keys: the issuer's keys, for a verifier that never uses the network.
        algorithms: the allow-list. By default every asymmetric algorithm; a key serves only its own.
        leeway: seconds for which an expired token is still taken, 0 to 300. A token from up to 10 seconds ahead is
            always taken: clocks differ.
        metadata_url: where the issuer's discovery document is fetched, if not under the issuer's own name.
        jwks_url: where its keys are fetched; the discovery document is not asked then.
        danger_allow_http: fetch over plain http from other machines than this one; for a closed container network.
        clock: where the time comes from.

    Raises:
        VerifierSettingsError: a setting makes no sense.
    """

    def verify(self, token: str | PresentedToken, *, require: Sequence[Requirement] = ()) -> VerifiedClaims:
        """Whom ``token`` speaks for.

        Args:
            token: the compact JWT.
            require: what it must be good for, see `watchword.verify.requirements`.

        Raises:
            VerificationError: which of its kinds says why not.
        """
        message = access_token.take_apart(_text(token), self.expected)
        keys = self._keys.find(message.header.kid)
        return check(access_token.verify(message, keys, self.expected, now=self._clock.now()), require)


class AsyncVerifier(_Settled):
    """Verifies access tokens on an asyncio event loop. Arguments and errors are those of `Verifier`."""

    async def verify(self, token: str | PresentedToken, *, require: Sequence[Requirement] = ()) -> VerifiedClaims:
        """See `Verifier.verify`; the event loop is never blocked by the network."""
        message = access_token.take_apart(_text(token), self.expected)
        keys = await self._keys.afind(message.header.kid)
        return check(access_token.verify(message, keys, self.expected, now=self._clock.now()), require)


def _text(token: str | PresentedToken) -> str:
    return token.unverified_token if isinstance(token, PresentedToken) else token


def _usable(keys: Key | KeySet, algorithms: Sequence[str]) -> Key | KeySet:
    if not isinstance(keys, Key | KeySet):
        raise VerifierSettingsError("keys is a Key or a KeySet")
    members = [keys] if isinstance(keys, Key) else list(keys)
    if not any(key.alg in algorithms for key in members):
        raise VerifierSettingsError("no key is of an algorithm in algorithms; shared secrets must be asked for there")
    return keys
