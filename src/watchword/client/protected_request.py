"""One request to an API, of httpx2 or of httpx: the token goes on, the answer is judged. No I/O.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1 https://www.rfc-editor.org/rfc/rfc9449#section-7.1
"""

from enum import Enum, auto
from typing import Any, Protocol
from urllib.parse import quote

from watchword.client.challenges import read_challenges
from watchword.client.dpop import USE_NONCE, Proofs
from watchword.client.origins import AllowedOrigins, origin_of
from watchword.client.tokens import TokenSet

_PATH_CHARACTERS = "/?:@!$&'()*+,;=%-._~"
_INVALID_TOKEN = {("bearer", "invalid_token"), ("dpop", "invalid_token")}


class Request(Protocol):
    """What httpx2 and httpx have in common in their requests."""

    method: str

    @property
    def url(self) -> Any: ...

    @property
    def headers(self) -> Any: ...

    @property
    def stream(self) -> Any: ...


class Response(Protocol):
    """What httpx2 and httpx have in common in their responses."""

    status_code: int

    @property
    def headers(self) -> Any: ...

    @property
    def request(self) -> Any: ...


class Next(Enum):
    """What follows an answer."""

    DONE = auto()
    SAME_TOKEN = auto()  # the API gave a nonce: the request again, with another proof
    BETTER_TOKEN = auto()  # the API refused the token as invalid: the request again, with another
    BETTER_TOKEN_LATER = auto()  # the same, but this request cannot be sent twice


class ProtectedRequest:
    """One request on its way, which may be sent once more for a nonce and once more for a renewed token.

    Args:
        request: with its URL as the application wrote it.
        allowed: where tokens may go.
        proofs: of the client, if its tokens are bound to a key.
        repeatable: whether its body can be sent again.

    Raises:
        UntrustedOriginError: the token must not go there.
    """

    def __init__(self, request: Request, allowed: AllowedOrigins, proofs: Proofs | None, *, repeatable: bool) -> None:
        self._request = request
        self._origin = allowed.check(request.url)
        self._proofs = proofs
        self._repeatable = repeatable
        self._may_answer_nonce = proofs is not None and repeatable
        self._may_renew = True

    def attach(self, tokens: TokenSet) -> None:
        """Put the token of ``tokens`` on the request, and a new proof where one belongs to it."""
        headers = self._request.headers
        if self._proofs is None:
            headers["Authorization"] = f"Bearer {tokens.access_token}"
            return
        headers["Authorization"] = f"DPoP {tokens.access_token}"
        headers["DPoP"] = self._proofs.proof(
            self._request.method, self._target(), self._origin, access_token=tokens.access_token
        )

    def judge(self, response: Response) -> Next:
        """What follows ``response``: each kind of repetition happens once at most."""
        if origin_of(response.request.url) != self._origin:
            return Next.DONE  # redirected to somebody who never saw the token, and has no say about it
        new_nonce = self._proofs is not None and self._proofs.remember(self._origin, response.headers)
        if response.status_code != 401:
            return Next.DONE
        challenges = read_challenges(response.headers.get_list("www-authenticate"))
        if new_nonce and self._may_answer_nonce and ("dpop", USE_NONCE) in challenges:
            self._may_answer_nonce = False
            return Next.SAME_TOKEN
        if self._may_renew and any(challenge in _INVALID_TOKEN for challenge in challenges):
            self._may_renew = False
            return Next.BETTER_TOKEN if self._repeatable else Next.BETTER_TOKEN_LATER
        return Next.DONE

    def _target(self) -> str:
        # Without user information, which is not part of it; and some characters the libraries send as they are have
        # no place in a URI.
        url = self._request.url
        return f"{url.scheme}://{url.netloc.decode('ascii')}{quote(url.raw_path, safe=_PATH_CHARACTERS)}"
