"""What a rule about a client's settings is, and what it may look at."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from watchword.oauth.scope import STANDARD_SCOPES
from watchword.store.repositories.apis import Api
from watchword.store.repositories.clients import Client


class Reference(NamedTuple):
    """A section of a specification, in words and as a link."""

    section: str
    url: str


def rfc(number: int, section: str) -> Reference:
    """A section of an RFC."""
    return Reference(
        f"RFC {number}, section {section}", f"https://www.rfc-editor.org/rfc/rfc{number}#section-{section}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a client is judged against.

    Args:
        apis: every API, by identifier.
        local: whether this installation is for one's own machine only.
        now: UTC epoch seconds.
        was_used: whether anybody ever signed in through the client.
        was_offline: whether anybody ever gave it access that outlives their session.
    """

    apis: Mapping[str, Api]
    local: bool
    now: float
    was_used: bool
    was_offline: bool

    def scopes(self) -> frozenset[str]:
        """Every scope there is, the issuer's own and those of the APIs."""
        return frozenset(STANDARD_SCOPES).union(*(api.scope_names for api in self.apis.values()))


Find = Callable[[Client, Around], tuple[str, ...]]
Mend = Callable[[Client, Around], Client]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule.

    Args:
        code: its stable name.
        is_risk: whether somebody could use it against people; otherwise it is only worth knowing.
        title: what was found, in a few words.
        why: why that is risky, one sentence.
        where: where that is written.
        find: the values concerned; empty when all is well.
        remedy: what mending does, as a verb phrase; without ``mend``, what somebody has to do.
        mend: the client without the risk.
    """

    code: str
    is_risk: bool = True
    title: str
    why: str
    where: Reference
    find: Find
    remedy: str
    mend: Mend | None = None


def without(values: Iterable[str], gone: Iterable[str]) -> tuple[str, ...]:
    taken = frozenset(gone)
    return tuple(value for value in values if value not in taken)
