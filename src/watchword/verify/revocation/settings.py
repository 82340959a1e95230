"""What the journal's reader is told, and what it tells of itself."""

from dataclasses import dataclass
from typing import Literal

from watchword.verify.credentials import ResourceCredentials

Mode = Literal["auto", "push", "poll", "on_demand"]
PresentMode = Literal["push", "poll", "on_demand", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class RevocationSettings:
    """How one issuer's journal is read.

    Args:
        issuer: exactly as in ``iss``.
        configuration_url: where its ``watchword-configuration`` is; a name is not an address, so the feed is fetched
            from the origin of this address.
        mode: how the mirror stays fresh; ``auto``: pushed where the issuer offers that to us, otherwise polled.
        on_stale: whether tokens are still accepted when the mirror has had no news for too long.
        credentials: of this API at the issuer; without them nothing is pushed, except by an issuer on this machine.
        danger_allow_http: plain http to other machines is allowed.
        leeway: seconds for which a message of the feed is taken after it expired.
    """

    issuer: str
    configuration_url: str
    mode: Mode = "auto"
    on_stale: Literal["accept", "reject"] = "accept"
    credentials: ResourceCredentials | None = None
    danger_allow_http: bool = False
    leeway: float = 60.0


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """How much the mirror knows, for health checks.

    Args:
        mode: how it is kept fresh right now: ``push``, ``poll``, ``on_demand``, ``none`` where the issuer has no
            feed, or ``unknown`` before the issuer was asked. A reader that cannot be pushed to at the moment polls.
        journal_id: which journal; None before the first snapshot.
        seq: the last number that is known.
        age: seconds since the last news; None before the first.
        entries: how many withdrawals are held.
        stale: whether the mirror is older than the issuer allows.
        last_error: the code of what went wrong last; None since all is well.
    """

    mode: PresentMode
    journal_id: str | None
    seq: int
    age: float | None
    entries: int
    stale: bool
    last_error: str | None
