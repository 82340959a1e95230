"""What follows an answer of the API: each kind of repetition once at most, whatever the API goes on saying."""

import httpx2
import pytest

from watchword.client.dpop import Proofs
from watchword.client.origins import AllowedOrigins
from watchword.client.protected_request import Next, ProtectedRequest
from watchword.client.tokens import TokenSet
from watchword.clock import SettableClock
from watchword.jose import Key

API = "https://api.example.com/orders"
KEY = Key.generate("ES256")


def protected(*, bound: bool, repeatable: bool = True) -> ProtectedRequest:
    proofs = Proofs(KEY, SettableClock(1.0)) if bound else None
    request = ProtectedRequest(httpx2.Request("GET", API), AllowedOrigins(API), proofs, repeatable=repeatable)
    request.attach(TokenSet("token", 0.0))
    return request


def answer(error: str, *, nonce: str = "", status: int = 401, url: str = API, scheme: str = "DPoP") -> httpx2.Response:
    headers = {"WWW-Authenticate": f'{scheme} error="{error}"', "DPoP-Nonce": nonce}
    return httpx2.Response(status, headers=headers, request=httpx2.Request("GET", url))


def test_a_nonce_that_is_new_every_time_is_answered_once() -> None:
    request = protected(bound=True)
    assert request.judge(answer("use_dpop_nonce", nonce="1")) is Next.SAME_TOKEN
    assert request.judge(answer("use_dpop_nonce", nonce="2")) is Next.DONE


def test_a_token_that_is_refused_every_time_is_replaced_once() -> None:
    request = protected(bound=False)
    assert request.judge(answer("invalid_token", scheme="Bearer")) is Next.BETTER_TOKEN
    assert request.judge(answer("invalid_token", scheme="Bearer")) is Next.DONE


def test_each_reason_counts_for_itself() -> None:
    request = protected(bound=True)
    assert request.judge(answer("invalid_token", nonce="1")) is Next.BETTER_TOKEN
    assert request.judge(answer("use_dpop_nonce", nonce="2")) is Next.SAME_TOKEN
    assert request.judge(answer("invalid_token", nonce="3")) is Next.DONE
    assert request.judge(answer("use_dpop_nonce", nonce="4")) is Next.DONE


@pytest.mark.parametrize(
    ("response", "bound"),
    [
        (answer("use_dpop_nonce"), True),
        (answer("use_dpop_nonce", nonce="1"), False),
        (answer("use_dpop_nonce", nonce="1", scheme="Bearer"), True),
        (answer("use_dpop_nonce", nonce="1", status=400), True),
        (answer("invalid_token", status=403), False),
        (answer("invalid_token", status=500), False),
        (answer("invalid_token", url="https://evil.example/orders"), False),
        (answer("invalid_token", url="http://api.example.com/orders"), False),
    ],
)
def test_nothing_else_is_repeated(response: httpx2.Response, *, bound: bool) -> None:
    assert protected(bound=bound).judge(response) is Next.DONE


def test_a_stranger_gives_no_nonce() -> None:
    """After a redirect to another host."""
    request = protected(bound=True)
    assert request.judge(answer("use_dpop_nonce", nonce="evil", url="https://evil.example/")) is Next.DONE
    assert request._proofs is not None
    assert request._proofs._nonces == {}


def test_what_cannot_be_repeated_is_not() -> None:
    request = protected(bound=True, repeatable=False)
    nonce, token = answer("use_dpop_nonce", nonce="1"), answer("invalid_token", nonce="1")
    nonce.request = token.request = request.request
    assert request.judge(nonce) is Next.DONE
    assert request.judge(token) is Next.BETTER_TOKEN_LATER
