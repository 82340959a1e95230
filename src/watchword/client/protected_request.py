"""One request to an API, of httpx2 or of httpx: the token goes on, the answer is judged. No I/O.

A library that follows redirects makes each further request of the last one's headers. It leaves ``Authorization`` away
where the origin changes, and knows nothing of proofs; so a proof is renewed or taken away by `renew_proof`, which the
library calls before every request, and missed by `ProtectedRequest.judge` where nobody told it to.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1 https://www.rfc-editor.org/rfc/rfc9449#section-7.1
"""

from enum import Enum, auto
from typing import Any, Protocol
from urllib.parse import quote
from weakref import ReferenceType, ref

from watchword.client.challenges import read_challenges
from watchword.client.dpop import USE_NONCE, Proofs
from watchword.client.errors import UntrustedOriginError
from watchword.client.origins import AllowedOrigins, origin_of
from watchword.client.tokens import TokenSet

_PATH_CHARACTERS = "/?:@!$&'()*+,;=%-._~"
_VISIT = "watchword.client"  # among the extensions of a request, which those made of it share
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

    @property
    def extensions(self) -> Any: ...


class Response(Protocol):
    """What httpx2 and httpx have in common in their responses."""

    status_code: int

    @property
    def headers(self) -> Any: ...

    @property
    def request(self) -> Any: ...

    @property
    def history(self) -> Any: ...

    @property
    def next_request(self) -> Any: ...


class Next(Enum):
    """What follows an answer."""

    DONE = auto()
    SAME_TOKEN = auto()  # the proof was not the one to send: the request again, with another
    BETTER_TOKEN = auto()  # the API refused the token as invalid: the request again, with another
    BETTER_TOKEN_LATER = auto()  # the same, but this request cannot be sent twice


class ProtectedRequest:
    """One request on its way, which may be sent once more for a nonce, for a redirect and for a renewed token.

    Args:
        request: with its URL as the application wrote it.
        allowed: where tokens may go.
        proofs: of the client, if its tokens are bound to a key.
        repeatable: whether its body can be sent again.

    Raises:
        UntrustedOriginError: the token must not go there.
    """

    def __init__(self, request: Request, allowed: AllowedOrigins, proofs: Proofs | None, *, repeatable: bool) -> None:
        self._request: Any = request
        self._origin = allowed.check(request.url)
        self._proofs = proofs
        self._repeatable = repeatable
        self._tokens: TokenSet | None = None
        self._proof = ""
        self._may_answer_nonce = self._may_prove_again = proofs is not None
        self._may_renew = True

    @property
    def request(self) -> Any:
        """The one to send: the application's, or where a redirect within the origin led, that one."""
        return self._request

    def attach(self, tokens: TokenSet) -> None:
        """Put the token of ``tokens`` on the request, and a new proof where one belongs to it."""
        self._tokens = tokens
        if self._proofs is None:
            self._request.headers["Authorization"] = f"Bearer {tokens.access_token}"
            return
        self._prove(self._request, self._proofs, tokens)
        self._proof = self._request.headers["DPoP"]
        # Weak, since the request would else hold what holds the request.
        self._request.extensions[_VISIT] = ref(self)

    def before(self, request: Any) -> None:
        """``request`` is about to be sent: the own one, or what the library made of it for a redirect."""
        if request is self._request or self._proofs is None or self._tokens is None or "DPoP" not in request.headers:
            return
        if origin_of(request.url) == self._origin:
            self._prove(request, self._proofs, self._tokens)
        else:
            _take_away(request)

    def judge(self, response: Response) -> Next:
        """What follows ``response``: each kind of repetition happens once at most.

        Raises:
            UntrustedOriginError: a redirect was followed to a stranger with a proof that was not taken away.
        """
        if response.next_request is not None and origin_of(response.next_request.url) != self._origin:
            _take_away(response.next_request)  # for whoever follows redirects by hand
        landed = response.request
        if self._has_left(response):
            return Next.DONE  # somebody who never saw the token, or was named by such a one, has no say about it
        is_stale = landed is not self._request and landed.headers.get("DPoP") == self._proof
        if landed is not self._request:
            # Never the first one again: what it asked for is done.
            self._repeatable = self._repeatable or landed.stream is not self._request.stream
            self._request = landed
        new_nonce = self._proofs is not None and self._proofs.remember(self._origin, response.headers)
        return self._judge_refusal(response, is_stale=is_stale, new_nonce=new_nonce)

    def _judge_refusal(self, response: Response, *, is_stale: bool, new_nonce: bool) -> Next:
        if response.status_code != 401:
            return Next.DONE
        if is_stale and self._may_prove_again and self._repeatable:
            self._may_prove_again = False
            return Next.SAME_TOKEN
        challenges = read_challenges(response.headers.get_list("www-authenticate"))
        if new_nonce and self._may_answer_nonce and self._repeatable and ("dpop", USE_NONCE) in challenges:
            self._may_answer_nonce = False
            return Next.SAME_TOKEN
        if self._may_renew and any(challenge in _INVALID_TOKEN for challenge in challenges):
            self._may_renew = False
            return Next.BETTER_TOKEN if self._repeatable else Next.BETTER_TOKEN_LATER
        return Next.DONE

    def _has_left(self, response: Response) -> bool:
        """Whether the way to ``response`` led through another origin."""
        way = [*(earlier.request for earlier in response.history), response.request]
        strangers = [request for request in way if origin_of(request.url) != self._origin]
        if self._proofs is not None and any("DPoP" in request.headers for request in strangers):
            raise UntrustedOriginError(
                "a redirect took a proof to another origin: the client needs the hook renew_proof"
            )
        return bool(strangers)

    def _prove(self, request: Any, proofs: Proofs, tokens: TokenSet) -> None:
        request.headers["Authorization"] = f"DPoP {tokens.access_token}"
        target = _target(request.url)
        request.headers["DPoP"] = proofs.proof(request.method, target, self._origin, access_token=tokens.access_token)


def renew_proof(request: Request) -> None:
    """A request hook for a client that follows redirects: within the origin each request carries a proof of its own,
    and none goes elsewhere.
    """
    visit: ReferenceType[ProtectedRequest] | None = request.extensions.get(_VISIT)
    if visit is None:
        return
    protected = visit()
    if protected is None:
        _take_away(request)  # made of a request that is over
    else:
        protected.before(request)


async def arenew_proof(request: Request) -> None:
    """`renew_proof` for an asyncio client, whose hooks are coroutines."""
    renew_proof(request)


def _take_away(request: Any) -> None:
    request.headers.pop("DPoP", None)
    if request.headers.get("Authorization", "").startswith("DPoP "):
        del request.headers["Authorization"]


def _target(url: Any) -> str:
    # Without user information, which is not part of it; and some characters the libraries send as they are have
    # no place in a URI.
    return f"{url.scheme}://{url.netloc.decode('ascii')}{quote(url.raw_path, safe=_PATH_CHARACTERS)}"
