"""One exchange with the feed: docs/protocol/revocation.md, "Snapshot and poll". Blocking; not for the event loop."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlencode

from watchword.clock import Clock
from watchword.fetch import TRUSTED, FetchError, Policy, Reply, Stream, get_bytes, open_stream
from watchword.jose.errors import JOSEError
from watchword.jose.json_object import decode_object
from watchword.oauth.revocation import MESSAGE_MEDIA_TYPE, digest_bytes
from watchword.verify.errors import KeysUnavailableError
from watchword.verify.key_address import KeyAddress
from watchword.verify.key_source import PublishedKeys
from watchword.verify.revocation.announcement import Announcement, read_announcement
from watchword.verify.revocation.errors import (
    AnnouncementError,
    FeedBehindError,
    FeedError,
    FeedGoneError,
    FeedOverloadedError,
    FeedRequestError,
    MessageRefusedError,
)
from watchword.verify.revocation.message import (
    ALGORITHMS,
    MAX_MESSAGE_BYTES,
    MAX_SNAPSHOT_BYTES,
    Message,
    read,
    split,
)
from watchword.verify.revocation.settings import RevocationSettings

MESSAGE = Policy(max_bytes=MAX_MESSAGE_BYTES, deadline=5.0)
SNAPSHOT = Policy(max_bytes=MAX_SNAPSHOT_BYTES, deadline=30.0)
EVENT_STREAM = "text/event-stream"
_REFUSALS = frozenset((400, 401, 403))
_NO_PATIENCE = 5.0  # seconds to wait where overload is not put into a number


class Feed:
    """The issuer's feed. One thread at a time asks; `read` may be called by any.

    Args:
        settings: whose, and where.
        clock: judges what has expired.
    """

    def __init__(self, settings: RevocationSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._keys: PublishedKeys | None = None
        self._is_asked_again = True
        self._dropped: frozenset[str] = frozenset()
        self.is_withdrawn: Callable[[bytes], bool] = lambda _digest: False
        self.announcement: Announcement | None = None

    def announced(self, *, again: bool = False) -> Announcement | None:
        """Where the feed is; None where the issuer has none.

        Args:
            again: ask, though it is known.

        Raises:
            FeedError: it cannot be told, or there was one before.
        """
        if self.announcement is not None and not (again or self._is_asked_again):
            return self.announcement
        found = self._discover()
        if found is None and self.announcement is not None:
            raise FeedGoneError("the issuer does not announce its revocation feed any more")
        if found is not None and (self.announcement is None or found.jwks_url != self.announcement.jwks_url):
            self._keys = self._key_source(found.jwks_url)
        self.announcement, self._is_asked_again = found, False
        return found

    def snapshot(self) -> Message:
        """The whole journal.

        Raises:
            FeedError: it is not to be had, or not to be believed.
        """
        announcement = self._announcement()
        message = self._message(self._get(announcement.snapshot_url, SNAPSHOT))
        if not message.is_snapshot:
            raise MessageRefusedError("a message of the revocation feed is refused", detail="it is no snapshot")
        return message

    def page(self, journal_id: str | None, after: int) -> Message:
        """What is withdrawn by the numbers after ``after``, as far as it fits.

        Args:
            journal_id: whose number; None with 0 for the present journal from its beginning.
            after: the number to go on from.

        Raises:
            FeedBehindError: the journal is another one now.
            FeedError: it is not to be had, or not to be believed.
        """
        url = self._announcement().pages_url
        if url is None:
            raise FeedGoneError("the issuer has no pages of its revocation feed")
        if journal_id is not None:
            url = _with(url, journal_id, after)
        reply = self._get(url, MESSAGE)
        if reply.status == 410:
            raise FeedBehindError("the revocation feed is of another journal now")
        return self._message(reply)

    def poll(self, journal_id: str, after: int) -> Message | None:
        """What came after number ``after``; None where a snapshot is needed to know.

        Raises:
            FeedError: it is not to be had, or not to be believed.
        """
        reply = self._get(_with(self._announcement().poll_url, journal_id, after), MESSAGE)
        return None if reply.status == 410 else self._batch(self._message(reply))

    def pushed(self, data: bytes) -> Message:
        """What was pushed.

        Raises:
            FeedError: it is not to be believed.
        """
        return self._batch(self._read(data))

    def events(self, journal_id: str, after: int) -> AbstractAsyncContextManager[Stream]:
        """The stream of what comes after number ``after``. Nothing is asked before it is entered.

        Raises:
            FeedError: nothing is pushed to us.
        """
        announcement = self._announcement()
        if announcement.events_url is None or not self.is_pushed_to_us:
            raise FeedGoneError("the issuer pushes nothing to this reader")
        headers = {"accept": EVENT_STREAM, "cache-control": "no-store", "last-event-id": f"{journal_id}:{after}"}
        credentials = self._settings.credentials
        if announcement.events_credentials and credentials is not None:
            headers["authorization"] = credentials.basic()
        return open_stream(
            announcement.events_url,
            headers=headers,
            policy=MESSAGE,
            danger_allow_http=self._settings.danger_allow_http,
        )

    @property
    def is_pushed_to_us(self) -> bool:
        """Whether the issuer offers to push, and we have what it asks for."""
        announcement = self.announcement
        if announcement is None or announcement.events_url is None:
            return False
        return not announcement.events_credentials or self._settings.credentials is not None

    def ask_again(self) -> None:
        """What was announced is not there: before the next exchange the announcement is read again."""
        self._is_asked_again = True

    def drop_withdrawn_keys(self) -> None:
        """Believe no key of the feed any more that is withdrawn, not even when the entry has expired."""
        snapshot = None if self._keys is None else self._keys.cache.snapshot
        if snapshot is not None:
            self._drop(key.kid for key in snapshot.keys)

    def _drop(self, kids: Iterable[str]) -> None:
        issuer = self._settings.issuer
        withdrawn = {kid for kid in kids if self.is_withdrawn(digest_bytes("key", issuer, kid))}
        if not withdrawn <= self._dropped:
            self._dropped |= withdrawn

    def _discover(self) -> Announcement | None:
        url, danger = self._settings.configuration_url, self._settings.danger_allow_http
        reply = _get(url, {"accept": "application/json"}, TRUSTED, danger_allow_http=danger)
        if reply.status == 404:
            return None
        require_ok(reply.status, reply.headers)
        if reply.media_type != "application/json":
            raise AnnouncementError("the issuer's configuration is not JSON")
        try:
            document = decode_object(reply.body)
        except JOSEError:
            raise AnnouncementError("the issuer's configuration is not a JSON object") from None
        return read_announcement(document, self._settings)

    def _key_source(self, jwks_url: str) -> PublishedKeys:
        address = KeyAddress(self._settings.issuer, jwks_url, jwks_url, self._settings.danger_allow_http)
        return PublishedKeys(address, algorithms=ALGORITHMS, clock=self._clock)

    def _announcement(self) -> Announcement:
        if self.announcement is None:
            raise FeedError("the revocation feed has not been found yet")
        return self.announcement

    def _get(self, url: str, policy: Policy) -> Reply:
        return _get(url, {"accept": MESSAGE_MEDIA_TYPE}, policy, danger_allow_http=self._settings.danger_allow_http)

    def _message(self, reply: Reply) -> Message:
        require_ok(reply.status, reply.headers)
        if reply.media_type != MESSAGE_MEDIA_TYPE:
            raise MessageRefusedError("a message of the revocation feed is refused", detail="its media type is another")
        return self._read(reply.body)

    def _batch(self, message: Message) -> Message:
        if message.is_snapshot or message.is_page:
            raise MessageRefusedError("a message of the revocation feed is refused", detail="it is no batch")
        return message

    def _read(self, text: bytes) -> Message:
        unverified = split(text)
        if self._keys is None:
            raise FeedError("the revocation feed has not been found yet")
        try:
            keys = self._keys.find(unverified.header.kid)
        except KeysUnavailableError as error:
            raise FeedError("the keys of the revocation feed are not to be had") from error
        kid = unverified.header.kid or ""
        if kid in keys:
            self._drop((kid,))  # it may have come from a cache on the way, later than the entry
        if kid in self._dropped:
            raise MessageRefusedError("a message of the revocation feed is refused", detail="its key is withdrawn")
        settings = self._settings
        return read(unverified, keys, issuer=settings.issuer, now=self._clock.now(), leeway=settings.leeway)


def require_ok(status: int, headers: Mapping[str, str]) -> None:
    """Raise the `FeedError` that ``status`` amounts to, unless it is 200."""
    if status == 200:
        return
    detail = f"the status is {status}"
    if status in {429, 503}:
        raise FeedOverloadedError(
            "the revocation feed asks for patience", detail=detail, retry_after=_retry_after(headers)
        )
    if status in _REFUSALS:
        raise FeedRequestError("the revocation feed refuses to answer", detail=detail)
    if status == 404:
        raise FeedGoneError("the revocation feed is not where it was announced", detail=detail)
    raise FeedError("the revocation feed does not answer as it must", detail=detail)


def _with(url: str, journal_id: str, after: int) -> str:
    query = urlencode({"journal_id": journal_id, "after": after})
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else _NO_PATIENCE


def _get(url: str, headers: Mapping[str, str], policy: Policy, *, danger_allow_http: bool) -> Reply:
    try:
        return get_bytes(url, headers=headers, policy=policy, danger_allow_http=danger_allow_http)
    except FetchError as error:
        raise FeedError(error.sentence, detail=error.detail) from error
