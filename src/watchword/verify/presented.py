"""STEP 3: a token as it came, nothing of it trusted (RFC 6750 section 2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from watchword.verify.errors import PresentationError, TokenMissingError

# RFC 6750 section 2.1: one or more spaces, then b64token.
_CREDENTIALS = re.compile(r" +([A-Za-z0-9\-._~+/]+=*)\Z")
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token that somebody presented. Its repr does not show it."""

    unverified_token: str = field(repr=False)


def from_request(authorization: Sequence[str], query_names: Sequence[str] = ()) -> PresentedToken:
    """The one bearer token of a request.

    Only the ``Authorization`` header counts: a token in the query would stand in logs and in the history of browsers
    (RFC 9700 section 4.3.2).

    Args:
        authorization: every ``Authorization`` header of the request.
        query_names: the names of its query parameters.

    Raises:
        TokenMissingError: no token, or credentials of another scheme.
        PresentationError: several headers, a token in the query, or a malformed header.
    """
    if "access_token" in query_names:
        raise PresentationError("a token in the query is not accepted")
    if not authorization:
        raise TokenMissingError
    if len(authorization) > 1:
        raise PresentationError("the request has several Authorization headers")
    value = authorization[0]
    scheme, _, _ = value.partition(" ")
    if scheme.lower() != _SCHEME:
        raise TokenMissingError
    credentials = _CREDENTIALS.match(value, len(scheme))
    if credentials is None:
        raise PresentationError("the Authorization header does not hold one bearer token")
    return PresentedToken(credentials.group(1))
