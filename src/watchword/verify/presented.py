"""STEP 3: a token as it came, nothing of it trusted (RFC 6750 section 2, RFC 9449 section 7.1)."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from watchword.verify.errors import PresentationError, TokenMissingError

Scheme = Literal["Bearer", "DPoP"]
# RFC 6750 section 2.1 and RFC 9449 section 7.1: b64token and token68 are the same, this and "=" at the end.
_IN_TOKENS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
_SCHEMES: dict[str, Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}


# A struct and no dataclass: every request makes one, and this is twenty times as fast.
class PresentedToken(msgspec.Struct, frozen=True):
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

    unverified_token: str
    scheme: Scheme = "Bearer"
    proofs: tuple[str, ...] = ()
    method: str = ""
    path: str = ""
    certificate: bytes | None = None

    def __repr__(self) -> str:
        return f"PresentedToken(scheme={self.scheme!r}, method={self.method!r}, path={self.path!r})"


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
    name, _, rest = value.partition(" ")
    scheme = _SCHEMES.get(name.lower())
    if scheme is None:
        raise TokenMissingError
    token = rest.lstrip(" ")
    # Deleting all that may stand in a token is the quickest way to see whether anything else does.
    kept = token.rstrip("=").encode("utf-8", "surrogatepass")
    if not kept or kept.translate(None, _IN_TOKENS):
        raise PresentationError("the Authorization header does not hold one token")
    # RFC 9449 section 4.3, check 1. Several headers may have been joined on the way (RFC 9110 section 5.3).
    if proofs and (len(proofs) > 1 or "," in proofs[0]):
        raise PresentationError("the request has several DPoP headers")
    return PresentedToken(token, scheme, tuple(proofs), method, path, certificate)
