"""Where the issuer's feed is: docs/protocol/revocation.md, "Where it is". No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from watchword.fetch import FetchError, check_url
from watchword.fetch.address import origin_of
from watchword.oauth.revocation import PROTOCOL_VERSION
from watchword.verify.revocation.errors import AnnouncementError
from watchword.verify.revocation.settings import RevocationSettings

MIN_STALE_AFTER, MAX_STALE_AFTER = 5.0, 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Announcement:
    """A feed, by the addresses at which it is fetched from here.

    Args:
        jwks_url: its keys.
        snapshot_url: the whole journal.
        pages_url: the same in pages; None where the issuer has none.
        poll_url: what came after a number.
        events_url: the same, pushed; None where that is switched off.
        events_credentials: whether pushing asks for credentials.
        stale_after: seconds.
    """

    jwks_url: str
    snapshot_url: str
    poll_url: str
    events_url: str | None
    events_credentials: bool
    stale_after: float
    pages_url: str | None = None


def read_announcement(document: Mapping[str, Any], settings: RevocationSettings) -> Announcement | None:
    """What ``document`` announces; None: no feed.

    Raises:
        AnnouncementError: it is another issuer's, of a version that is not known, or leads elsewhere.
    """
    if document.get("issuer") != settings.issuer:
        raise AnnouncementError("the configuration is of another issuer")
    if "revocation" not in document:
        return None
    feed = document["revocation"]
    if not isinstance(feed, dict) or type(feed.get("version")) is not int or feed["version"] != PROTOCOL_VERSION:
        raise AnnouncementError("the revocation feed is of a version that is not known")
    offers_push = "events_uri" in feed
    asks_for = feed.get("events_credentials")
    if offers_push and asks_for not in {"resource_server", "none"}:
        raise AnnouncementError("the revocation feed asks for credentials that are not known")
    stale_after = feed.get("stale_after")
    if type(stale_after) is not int or not MIN_STALE_AFTER <= stale_after <= MAX_STALE_AFTER:
        raise AnnouncementError("the revocation feed names no usable bound")
    return Announcement(
        jwks_url=_reached(feed, "jwks_uri", settings),
        snapshot_url=_reached(feed, "snapshot_uri", settings),
        poll_url=_reached(feed, "poll_uri", settings),
        events_url=_reached(feed, "events_uri", settings) if offers_push else None,
        events_credentials=asks_for != "none",
        stale_after=float(stale_after),
        pages_url=_reached(feed, "pages_uri", settings) if "pages_uri" in feed else None,
    )


def _reached(feed: Mapping[str, Any], name: str, settings: RevocationSettings) -> str:
    """The address ``name``, where it is reached from here: no address from a document leads elsewhere."""
    value = feed.get(name)
    if not isinstance(value, str):
        raise AnnouncementError("the revocation feed lacks an address")
    try:
        check_url(value, danger_allow_http=True)
        if origin_of(value) != origin_of(settings.issuer):
            raise AnnouncementError("the revocation feed leads to another origin than the issuer's")
        found_at = urlsplit(settings.configuration_url)
        return urlsplit(value)._replace(scheme=found_at.scheme, netloc=found_at.netloc).geturl()
    except (FetchError, ValueError) as error:
        raise AnnouncementError("the revocation feed names an address that is none") from error
