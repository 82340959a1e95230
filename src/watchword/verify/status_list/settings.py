"""How status lists are read."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class StatusListSettings:
    """One issuer's.

    Args:
        issuer: whose lists.
        origins: scheme and authority that a list must be at; and those at which it is fetched.
        algorithms: the allow-list for their signatures.
        on_unavailable: what to do with a token whose list is not to be had, or not to be believed.
        leeway: seconds for which an expired list is still taken.
        danger_allow_http: plain http to other machines is allowed.
    """

    issuer: str
    origins: tuple[tuple[str, str], tuple[str, str]]
    algorithms: tuple[str, ...]
    on_unavailable: Literal["accept", "reject"]
    leeway: float
    danger_allow_http: bool
