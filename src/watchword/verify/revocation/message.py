"""A message of the feed, or its refusal: docs/protocol/revocation.md, "Messages". No I/O; time is an argument."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from watchword.jose import base64url, jwt
from watchword.jose import header as jose_header
from watchword.jose.errors import JOSEError
from watchword.jose.jwk_set import KeySet
from watchword.jose.jws import UnverifiedMessage
from watchword.oauth.revocation import (
    EPOCH_KINDS,
    KINDS,
    MAX_BATCH_ENTRIES,
    MAX_JOURNAL_ID_CHARACTERS,
    MAX_NUMBER,
    MAX_PAGE_ENTRIES,
    MESSAGE_ALGORITHM,
    MESSAGE_TYPE,
    PROTOCOL_VERSION,
)
from watchword.verify.revocation.errors import MessageRefusedError

ALGORITHMS = (MESSAGE_ALGORITHM,)
MAX_SNAPSHOT_BYTES = 32 * 1024 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
DIGEST_CHARACTERS = 22
_KIND_PLACES = {kind: place for place, kind in enumerate(KINDS)}
_WITH_EPOCH = frozenset(_KIND_PLACES[kind] for kind in EPOCH_KINDS)


class Entry(NamedTuple):
    """One withdrawal.

    Args:
        seq: its number in the journal.
        kind: its place in ``KINDS``.
        digest: 16 bytes.
        expires_at: UTC epoch seconds from which on it may be forgotten.
        epoch: tokens with a lower one are refused; 0 where every token is.
    """

    seq: int
    kind: int
    digest: bytes
    expires_at: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Message:
    """A snapshot, a batch, or a page of a snapshot, whose signature and shape hold.

    Args:
        journal_id: which journal the numbers belong to.
        issued_at: UTC epoch seconds.
        is_snapshot: whether it tells all there is.
        first: a batch or page tells what comes after this number; 0 for a snapshot.
        to: up to which number it tells.
        head: where the journal ended.
        entries: ascending.
        is_page: whether numbers may be missing, their entries having expired.
    """

    journal_id: str
    issued_at: int
    is_snapshot: bool
    first: int
    to: int
    head: int
    entries: tuple[Entry, ...] = field(repr=False)
    is_page: bool = False


def split(text: bytes) -> UnverifiedMessage:
    """Take a message apart to see which key it names. Nothing of it is to be believed yet.

    Unlike a token it may be long: the caller has bounded it already.

    Raises:
        MessageRefusedError: not a compact JWS, or it names no key.
    """
    if text.count(b".") != 2:
        _refuse("it is not a compact JWS")
    signing_input, _, signature = text.rpartition(b".")
    header_segment, _, payload = signing_input.partition(b".")
    try:
        header = jose_header.parse(header_segment)
    except JOSEError as error:
        _refuse(error.sentence)
    if header.kid is None:
        _refuse("it names no key")
    return UnverifiedMessage(header, signing_input, header_segment, payload, signature)


def read(message: UnverifiedMessage, keys: KeySet, *, issuer: str, now: float, leeway: float) -> Message:
    """The message, if one of the feed's keys signed it and its shape holds.

    Args:
        message: see `split`.
        keys: the feed's own, never those of tokens.
        issuer: what ``iss`` must be.
        now: UTC epoch seconds.
        leeway: seconds for which an expired message is still taken.

    Raises:
        MessageRefusedError: it must not be believed.
    """
    try:
        signed = jwt.decode_message(message, keys, algorithms=ALGORITHMS, typ=MESSAGE_TYPE)
    except JOSEError as error:
        _refuse(error.sentence)
    if signed.header.members["typ"] != MESSAGE_TYPE:
        _refuse("its type is written otherwise")
    return read_claims(signed.claims, issuer=issuer, now=now, leeway=leeway)


def read_claims(claims: Mapping[str, Any], *, issuer: str, now: float, leeway: float) -> Message:
    """The message that ``claims`` are, if their shape holds; the signature is not asked here.

    Raises:
        MessageRefusedError: it does not.
    """
    if claims.get("iss") != issuer:
        _refuse("it is of another issuer")
    if type(claims.get("ver")) is not int or claims["ver"] != PROTOCOL_VERSION:
        _refuse("its version is not known")
    issued_at, expires_at = _number(claims, "iat"), _number(claims, "exp")
    if now >= expires_at + leeway:
        _refuse("it has expired")
    journal_id = _journal_id(claims)
    entries = _entries(claims.get("entries"))
    if claims.get("type") == "snapshot":
        seq = _number(claims, "seq")
        _require_ascending(entries, seq)
        return Message(journal_id, issued_at, True, 0, seq, seq, entries)
    is_page = claims.get("type") == "page"
    if not is_page and claims.get("type") != "batch":
        _refuse("it is none that is known")
    first, to, head = _number(claims, "from"), _number(claims, "to"), _number(claims, "head")
    if not first <= to <= head:
        _refuse("its numbers are out of order")
    if is_page:
        _require_page(entries, first, to, head)
        return Message(journal_id, issued_at, False, first, to, head, entries, is_page=True)
    if len(entries) > MAX_BATCH_ENTRIES:
        _refuse("it tells too much at once")
    if len(entries) != to - first or any(entry.seq != first + place for place, entry in enumerate(entries, 1)):
        _refuse("it leaves a number out")
    return Message(journal_id, issued_at, False, first, to, head, entries)


def _require_page(entries: tuple[Entry, ...], first: int, to: int, head: int) -> None:
    _require_ascending(entries, to)
    if entries and entries[0].seq <= first:
        _refuse("it tells of what came before it")
    if len(entries) > MAX_PAGE_ENTRIES:
        _refuse("it tells too much at once")
    if to == first != head:
        _refuse("it leads nowhere")


def _require_ascending(entries: tuple[Entry, ...], seq: int) -> None:
    before = 0
    for entry in entries:
        if entry.seq <= before:
            _refuse("its entries are out of order")
        before = entry.seq
    if before > seq:
        _refuse("it tells of what comes after its own end")


def _journal_id(claims: Mapping[str, Any]) -> str:
    value = claims.get("journal_id")
    if not isinstance(value, str) or not 0 < len(value) <= MAX_JOURNAL_ID_CHARACTERS:
        _refuse("it names no journal")
    # It is sent back in a header and in a query.
    if not value.isascii() or not value.isprintable() or " " in value:
        _refuse("it names no journal")
    return value


def _number(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        _refuse(f"`{name}` is not a number of it")
    return value


def _entries(listed: object) -> tuple[Entry, ...]:
    if not isinstance(listed, list):
        _refuse("it has no list of entries")
    return tuple([_entry(row) for row in listed])


def _entry(row: object) -> Entry:
    if type(row) is not list or len(row) < 4:
        _refuse("an entry is not a list of four or five")
    seq, kind, digest, expires_at, *rest = row
    place = _KIND_PLACES.get(kind) if type(kind) is str else None
    if place is None:
        _refuse("an entry is of a kind that is not known")
    if len(rest) != (place in _WITH_EPOCH):
        _refuse("an entry has an epoch where none belongs, or none where one does")
    epoch = rest[0] if rest else 0
    if type(seq) is not int or type(expires_at) is not int or type(epoch) is not int:
        _refuse("an entry's numbers are none")
    if not (1 <= seq <= MAX_NUMBER and 0 <= expires_at <= MAX_NUMBER and len(rest) <= epoch <= MAX_NUMBER):
        _refuse("an entry's numbers are out of bounds")
    if type(digest) is not str or len(digest) != DIGEST_CHARACTERS:
        _refuse("an entry's digest is not one")
    try:
        return Entry(seq, place, base64url.decode_text(digest), expires_at, epoch)
    except JOSEError:
        _refuse("an entry's digest is not one")


def _refuse(reason: str) -> NoReturn:
    raise MessageRefusedError("a message of the revocation feed is refused", detail=reason) from None
