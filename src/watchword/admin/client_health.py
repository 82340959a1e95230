"""What a security engineer would say of a client's settings: one small rule for each risk.

A rule looks at the record alone, and at what the installation has beside it; it never asks the client. Most findings
can be mended here, because the record decides; what the application must change is said and left to people.
"""

from dataclasses import dataclass

from watchword.admin.client_access import ACCESS
from watchword.admin.client_addresses import ADDRESSES
from watchword.admin.client_check import Around, Check
from watchword.store.repositories.clients import Client

CHECKS: tuple[Check, ...] = (*ACCESS, *ADDRESSES)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that found something, the values concerned, and whether a click can mend it."""

    check: Check
    values: tuple[str, ...]
    can_mend: bool


def examine(client: Client, around: Around) -> tuple[Finding, ...]:
    """Everything that the rules find, in their order."""
    found = []
    for check in CHECKS:
        values = check.find(client, around)
        if values:
            found.append(Finding(check, values, _mended(check, client, around) is not None))
    return tuple(found)


def mended(client: Client, code: str, around: Around) -> Client | None:
    """The client without what the rule ``code`` finds; None when it finds nothing or only people can mend it."""
    check = next((one for one in CHECKS if one.code == code), None)
    if check is None or not check.find(client, around):
        return None
    return _mended(check, client, around)


def _mended(check: Check, client: Client, around: Around) -> Client | None:
    if check.mend is None:
        return None
    after = check.mend(client, around)
    # Taking the last one away would not mend the client but end it.
    ended = (client.redirect_uris and not after.redirect_uris) or (client.grant_types and not after.grant_types)
    return None if ended or after == client else after
