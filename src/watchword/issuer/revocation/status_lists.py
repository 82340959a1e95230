"""Token Status Lists, signed: for verifiers that know no feed of ours.

https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/ (sections 4 and 5)

Nothing is told from memory alone: who asks has just read the journal's head, and a list that was computed at another
head is not used. So whoever asks after the answer to a withdrawal is told of it, and whoever keeps a list for its
``ttl`` believes nothing for longer than that.
"""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, literal, select

from watchword.clock import Clock
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.signers import Signers, SignersWithdrawnError
from watchword.issuer.revocation.briefly_kept import BrieflyKept
from watchword.issuer.revocation.status_place import list_uri
from watchword.issuer.settings import IssuerSettings
from watchword.jose import Key, base64url, jwt
from watchword.oauth.status_list import TYPE
from watchword.store.engine import Store
from watchword.store.repositories import journal, signing_keys, status_lists
from watchword.store.repositories.journal import Head
from watchword.store.repositories.status_lists import StatusList

TTL = 30  # seconds for which whoever fetched a list may go by it
LIFETIME = 60  # seconds after which nobody may, whatever their clock or their patience
_SIGNED_KEPT_SECONDS = 10.0
_KEPT_SIGNED = 64
_KEPT_BITS = 8
_MEMORY = 9  # all that zlib can make use of


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A signed list, the same packed by gzip, and a name for its content: quoted, an ETag."""

    text: bytes = field(repr=False)
    packed: bytes = field(repr=False)
    name: str


class StatusLists:
    """Computes lists from what is withdrawn, signs them with the key of their API's access tokens, keeps them briefly.

    The keys are those of the JWKS: it is the only one that a verifier which is not ours looks into.

    Args:
        store: where places and withdrawals are.
        keys: signs.
        settings: whose lists they are.
        clock: its time.
    """

    def __init__(self, *, store: Store, keys: KeyRing, settings: IssuerSettings, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._bits = BrieflyKept[str](seconds=TTL, most=_KEPT_BITS, clock=clock)
        self._signed = BrieflyKept[StatusListToken](seconds=_SIGNED_KEPT_SECONDS, most=_KEPT_SIGNED, clock=clock)
        self._turn = asyncio.Lock()
        self._begun = 0  # computations, ever
        self._last: tuple[int, str, str] = (0, "", "")  # the how manieth that was, which list, and its bits

    async def uris(self) -> list[str]:
        """Where every list is that a token may still name."""
        return [list_uri(self._settings, one) for one in await self._store.read(status_lists.list_ids)]

    async def find(self, list_id: str) -> StatusListToken | None:
        """The list, as it is now; None when there is none of that id.

        Raises:
            StoreUnavailableError, TemporarilyUnavailableError: the records cannot be read, or no key can sign.
        """
        signers, now, began = await self._keys.signers(), self._clock.now(), self._clock.monotonic()
        seen = await self._store.read(partial(_see, list_id=list_id, signers=signers))
        if seen is None:
            await self._keys.refresh()
            signers = await self._keys.signers()
            seen = await self._store.read(partial(_see, list_id=list_id, signers=signers))
        if seen is None:
            raise SignersWithdrawnError(detail="token keys were withdrawn one after the other", retry_after=1)
        head, wanted = seen
        if wanted is None:
            return None
        key = signers.of(wanted.signing_alg or signers.default)
        sign = partial(self._sign, head, wanted, key, now=now, began=began)
        return await self._signed.get((wanted.id, head, key.kid), sign)

    async def _sign(self, head: Head, wanted: StatusList, key: Key, *, now: float, began: float) -> StatusListToken:
        lst = await self._bits.get((wanted.id, head), partial(self._compute, wanted))
        # What computing took is not the reader's to keep: its time runs from when the head was read.
        ttl = max(1, TTL - int(self._clock.monotonic() - began))
        claims: dict[str, Any] = {
            "iss": self._settings.issuer,
            "sub": list_uri(self._settings, wanted.id),
            "iat": int(now),
            "exp": int(now) + LIFETIME,
            "ttl": ttl,
            "status_list": {"bits": 1, "lst": lst},
        }
        text = jwt.encode(claims, key, typ=TYPE).encode("ascii")
        # What base64url adds goes off again. Done once for all who ask; no secret is in there for its length to tell.
        packed = await asyncio.to_thread(gzip.compress, text, 6, mtime=0)
        return StatusListToken(text, packed, hashlib.sha256(text).hexdigest()[:32])

    async def _compute(self, wanted: StatusList) -> str:
        begun_before = self._begun
        async with self._turn:  # one at a time, and those who waited meanwhile are served by the first of them
            number, list_id, lst = self._last
            if number > begun_before and list_id == wanted.id:
                return lst
            self._begun += 1
            number, now = self._begun, self._clock.now()
            hits: list[int] = []
            for start in range(0, wanted.size, status_lists.PAGE):
                hits += await self._store.read(partial(status_lists.hit, wanted=wanted, start=start, now=now))
            lst = await asyncio.to_thread(encode_list, wanted.size, hits)
            self._last = (number, wanted.id, lst)
            return lst


def encode_list(size: int, hits: Iterable[int]) -> str:
    """A list of one bit for each place, those in ``hits`` set, compressed (sections 4.1 and 4.2)."""
    bits = bytearray((size + 7) // 8)
    for idx in hits:
        bits[idx >> 3] |= 1 << (idx & 7)
    # No runs are worth looking for in bits that are set at random; the format is the same.
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY, zlib.Z_FILTERED)
    return base64url.encode_text(compressor.compress(bytes(bits)) + compressor.flush())


def _see(connection: Connection, *, list_id: str, signers: Signers) -> tuple[Head, StatusList | None] | None:
    """The journal's head and the list; None where a key at hand may not sign any more."""
    kids = [literal(kid) for kid in signers.kids]
    may_sign = int(connection.execute(select(signing_keys.count_signing(kids))).scalar_one())
    if may_sign < len(signers.kids):
        return None
    return journal.head(connection), status_lists.find_list(connection, list_id)
