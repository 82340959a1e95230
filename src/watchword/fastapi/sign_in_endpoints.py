"""Where an issuer signs people in, learnt from its metadata when somebody first wants to know."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from watchword.clock import Clock
from watchword.fetch import FetchError, aget_json, check_url
from watchword.verify.key_address import KeyAddress

_COOL_DOWN = 30.0  # seconds; an issuer that does not answer is not asked for every page
_log = logging.getLogger("watchword.fastapi")


@dataclass(frozen=True, slots=True)
class SignInEndpoints:
    """The addresses that a browser goes to (RFC 8414 section 2)."""

    authorization: str
    token: str


class EndpointSource:
    """The endpoints of one issuer, fetched once.

    Args:
        address: where its metadata is; the endpoints named there are for browsers, and are used as they are.
        clock: measures how long ago it was asked in vain.
    """

    def __init__(self, address: KeyAddress, clock: Clock) -> None:
        self.known: SignInEndpoints | None = None
        self._address = address
        self._clock = clock
        self._lock = anyio.Lock()
        self._ask_again_at = 0.0

    async def learn(self) -> None:
        """Set `known` if that is possible; an issuer that cannot be asked leaves it as it is."""
        async with self._lock:
            now = self._clock.monotonic()
            if self.known is not None or now < self._ask_again_at:
                return
            try:
                document = await aget_json(
                    self._address.metadata_url, danger_allow_http=self._address.danger_allow_http
                )
                self.known = _read(document.value, self._address)
            except FetchError as error:
                self._ask_again_at = now + _COOL_DOWN
                _log.warning("the documentation offers no sign-in: %s (%s)", error, error.detail)


def _read(metadata: Mapping[str, Any], address: KeyAddress) -> SignInEndpoints:
    if metadata.get("issuer") != address.issuer:
        raise FetchError("the metadata is of another issuer")
    return SignInEndpoints(
        _endpoint(metadata, "authorization_endpoint", address), _endpoint(metadata, "token_endpoint", address)
    )


def _endpoint(metadata: Mapping[str, Any], member: str, address: KeyAddress) -> str:
    url = metadata.get(member)
    if not isinstance(url, str):
        raise FetchError("the issuer's metadata names no endpoints to sign in at")
    check_url(url, danger_allow_http=address.danger_allow_http)
    return url
