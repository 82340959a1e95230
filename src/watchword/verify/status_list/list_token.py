"""A signed list, or its refusal (Token Status List, sections 4, 5.1 and 8.3). No I/O; time is an argument."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

from watchword.errors import WatchwordError
from watchword.jose import base64url, jwt
from watchword.jose import claims as rules
from watchword.jose import header as jose_header
from watchword.jose.errors import JOSEError
from watchword.jose.jwk_set import KeySet
from watchword.jose.jws import UnverifiedMessage
from watchword.oauth.status_list import BITS, TYPE

MAX_LIST_BYTES = 4 * 1024 * 1024  # unpacked: 32 million places of one bit
USUAL_TTL = 30.0  # seconds for which a list is gone by that does not say for how long
LONGEST_TTL = 300.0  # and the most, whatever it says


class StatusListError(WatchwordError):
    """A status list is not to be had, or not to be believed. No verdict on a token."""

    code: ClassVar[str] = "status_list_unusable"


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list whose signature and shape hold.

    Args:
        bits: of one status.
        statuses: all of them, packed.
        ttl: seconds for which it may be gone by since it was asked for.
        ends_at: UTC epoch seconds from which on it may not, leeway included; None if unsaid.
    """

    bits: int
    statuses: bytes = field(repr=False)
    ttl: float
    ends_at: float | None

    def status(self, idx: int) -> int | None:
        """The status at place ``idx`` ≥ 0, 0 being valid; None where the list has no such place."""
        number, within = divmod(idx * self.bits, 8)
        if number >= len(self.statuses):
            return None
        return self.statuses[number] >> within & ((1 << self.bits) - 1)


def split(text: bytes) -> UnverifiedMessage:
    """Take a list apart to see which key it names. Nothing of it is to be believed yet.

    Unlike a token it may be long: the caller has bounded it already.

    Raises:
        StatusListError: it is no compact JWS.
    """
    if text.count(b".") != 2:
        _refuse("it is not a compact JWS")
    signing_input, _, signature = text.rpartition(b".")
    header_segment, _, payload = signing_input.partition(b".")
    try:
        header = jose_header.parse(header_segment)
    except JOSEError as error:
        _refuse(error.sentence)
    return UnverifiedMessage(header, signing_input, header_segment, payload, signature)


def read(
    message: UnverifiedMessage,
    keys: KeySet,
    *,
    uri: str,
    issuer: str,
    algorithms: Sequence[str],
    now: float,
    leeway: float,
) -> StatusList:
    """The list, if one of the issuer's keys signed it and its shape holds.

    Args:
        message: see `split`.
        keys: the issuer's.
        uri: what ``sub`` must be, byte for byte: what the token named.
        issuer: what ``iss`` must be if it is there.
        algorithms: the allow-list, none of them with a shared secret.
        now: UTC epoch seconds.
        leeway: seconds for which an expired list is still taken.

    Raises:
        StatusListError: it must not be believed.
    """
    try:
        signed = jwt.decode_message(message, keys, algorithms=algorithms, typ=TYPE)
        claims = signed.claims
        if "iss" in claims:
            rules.check_issuer(claims, expected=issuer)
        rules.check_issued_at(claims, now=now, leeway=leeway)
        ends_at = None
        if "exp" in claims:
            ends_at = rules.check_expiry(claims, now=now, leeway=leeway) + leeway
    except JOSEError as error:
        _refuse(error.sentence)
    if claims.get("sub") != uri:
        _refuse("it is another list")
    ttl = claims.get("ttl", USUAL_TTL)
    if isinstance(ttl, bool) or not isinstance(ttl, int | float) or not ttl > 0:
        _refuse("its ttl is not a positive number")
    bits, statuses = read_statuses(claims.get("status_list"))
    return StatusList(bits, statuses, min(float(ttl), LONGEST_TTL), ends_at)


def read_statuses(status_list: Any) -> tuple[int, bytes]:
    """Of the member ``status_list`` how many bits one status has, and all of them, unpacked but never beyond a limit.

    Raises:
        StatusListError: it is not of its form, or too long.
    """
    if not isinstance(status_list, Mapping):
        _refuse("it has no status list")
    bits, lst = status_list.get("bits"), status_list.get("lst")
    if isinstance(bits, bool) or bits not in BITS or not isinstance(lst, str):
        _refuse("its status list is not of its form")
    unpacker = zlib.decompressobj()
    try:
        statuses = unpacker.decompress(base64url.decode_text(lst), MAX_LIST_BYTES + 1)
    except (JOSEError, zlib.error):
        _refuse("its status list cannot be unpacked")
    if len(statuses) > MAX_LIST_BYTES:
        _refuse("its status list is too long")
    if not unpacker.eof or unpacker.unused_data:
        _refuse("its status list cannot be unpacked")
    return bits, statuses


def _refuse(detail: str) -> NoReturn:
    raise StatusListError("a status list is refused", detail=detail)
