"""STEP 3: a token as it came, nothing of it trusted (RFC 6750 section 2, RFC 9449 section 7.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from watchword.verify.errors import PresentationError, TokenMissingError

Scheme = Literal["Bearer", "DPoP"]
# RFC 6750 section 2.1 and RFC 9449 section 7.1: one or more spaces, then b64token or token68, which are the same.
_CREDENTIALS = re.compile(r" +([A-Za-z0-9\-._~+/]+=*)\Z")
_SCHEMES: dict[str, Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token that somebody presented, and what they presented to prove that it is theirs. Its repr shows neither.

    Args:
        unverified_token: the token.
        scheme: the authentication scheme under which it came.
        proofs: the value of every ``DPoP`` header.
        method: the method of the request.
        path: its path without the query, percent-encoded as it was received, with any prefix that the public address
            of the service has and that `watchword.verify.sender.SenderPolicy` does not state.
        certificate: the client certificate of the connection, DER; from TLS itself, or from a proxy that is trusted.
    """

    unverified_token: str = field(repr=False)
    scheme: Scheme = "Bearer"
    proofs: tuple[str, ...] = field(default=(), repr=False)
    method: str = ""
    path: str = ""
    certificate: bytes | None = field(default=None, repr=False)


def from_request(
    authorization: Sequence[str],
    query_names: Sequence[str] = (),
    *,
    proofs: Sequence[str] = (),
    method: str = "",
    path: str = "",
    certificate: bytes | None = None,
) -> PresentedToken:
    """The one token of a request.

    Only the ``Authorization`` header counts: a token in the query would stand in logs and in the history of browsers
    (RFC 9700 section 4.3.2).

    Args:
        authorization: every ``Authorization`` header of the request.
        query_names: the names of its query parameters.
        proofs: every ``DPoP`` header.
        method: see `PresentedToken`.
        path: see `PresentedToken`.
        certificate: see `PresentedToken`.

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
    name, _, _ = value.partition(" ")
    scheme = _SCHEMES.get(name.lower())
    if scheme is None:
        raise TokenMissingError
    credentials = _CREDENTIALS.match(value, len(name))
    if credentials is None:
        raise PresentationError("the Authorization header does not hold one token")
    # RFC 9449 section 4.3, check 1. Several headers may have been joined on the way (RFC 9110 section 5.3).
    if len(proofs) > 1 or any("," in proof for proof in proofs):
        raise PresentationError("the request has several DPoP headers")
    return PresentedToken(credentials.group(1), scheme, tuple(proofs), method, path, certificate)
