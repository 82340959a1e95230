"""Where a token says that its status is told (Token Status List, section 6.2)."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from watchword.oauth.revocation import MAX_NUMBER
from watchword.verify.errors import ClaimInvalidError

MAX_URI_CHARACTERS = 2048


class StatusReference(NamedTuple):
    """A place in a list."""

    uri: str
    idx: int

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self | None:
        """The reference in the claims of a token; None where it has none, or only one of another mechanism.

        Raises:
            ClaimInvalidError: it is not of its form, so that nobody can say where the status is told.
        """
        if "status" not in claims:
            return None
        status = claims["status"]
        if not isinstance(status, Mapping):
            raise ClaimInvalidError("the token's status is not an object", claim="status")
        if "status_list" not in status:
            return None
        reference = status["status_list"]
        if not isinstance(reference, Mapping):
            raise ClaimInvalidError("the token's place in a status list is not an object", claim="status")
        uri, idx = reference.get("uri"), reference.get("idx")
        if not isinstance(uri, str) or not 0 < len(uri) <= MAX_URI_CHARACTERS:
            raise ClaimInvalidError("the token does not say which status list tells of it", claim="status")
        if isinstance(idx, bool) or not isinstance(idx, int) or not 0 <= idx <= MAX_NUMBER:
            raise ClaimInvalidError("the token's place in its status list is not a number", claim="status")
        return cls(uri, idx)
