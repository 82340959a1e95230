"""The token endpoint's answer is used only if it is one."""

from typing import Any

import pytest

from watchword.client.errors import TokenCacheError, TokenRequestError
from watchword.client.token_endpoint import client_post, read_token_answer
from watchword.client.tokens import TokenSet

GOOD: dict[str, Any] = {"access_token": "a", "token_type": "bearer", "expires_in": 300}


def test_a_good_answer() -> None:
    answer = read_token_answer(200, {**GOOD, "scope": "a b", "refresh_token": "r", "id_token": "i"})
    assert (answer.access_token, answer.lifetime, answer.scopes) == ("a", 300, ("a", "b"))
    assert (answer.refresh_token, answer.unverified_id_token) == ("r", "i")
    assert "'r'" not in repr(answer)


def test_without_a_lifetime_a_token_is_never_called_fresh() -> None:
    answer = read_token_answer(200, {"access_token": "a", "token_type": "Bearer"})
    assert not TokenSet("a", expires_at=1_000 + answer.lifetime).is_fresh(1_000)


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "a b"},
        {"access_token": "a\r\nb: c"},
        {"access_token": 1},
        {"token_type": None},
        {"token_type": "DPoP"},
        {"expires_in": "300"},
        {"expires_in": -1},
        {"expires_in": True},
        {"expires_in": 1e300},
        {"expires_in": float("nan")},
        {"scope": ["a"]},
        {"refresh_token": 1},
        {"id_token": {}},
    ],
)
def test_a_wrong_member_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TokenRequestError):
        read_token_answer(200, {**GOOD, **change})


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_grant", "error_description": "canary"}, "invalid_grant"),
        (401, {"error": "invalid_client"}, "invalid_client"),
        (400, {"error": "\x1b[2Jcanary"}, "unknown_error"),
        (400, {"error": 1}, "invalid_response"),
        (500, None, "invalid_response"),
        (200, None, "invalid_response"),
        (302, GOOD, "invalid_response"),
    ],
)
def test_an_error_answer(status: int, body: Any, error: str) -> None:
    """O81: of what the other side says only its code is repeated."""
    with pytest.raises(TokenRequestError) as refused:
        read_token_answer(status, body)
    assert (refused.value.error, refused.value.status) == (error, status)
    assert "canary" not in str(refused.value)


def test_a_public_client_names_itself_in_the_form() -> None:
    form = client_post("https://issuer.example/token", [("a", "b")], client_id="cli", client_secret=None)
    assert list(form.fields) == [("a", "b"), ("client_id", "cli")]
    assert form.headers == {}


def test_tokens_survive_being_kept() -> None:
    tokens = TokenSet("a", 1.5, ("x", "y"), "r", None, "sub", "Ünal")
    assert TokenSet.from_dict(tokens.to_dict()) == tokens


@pytest.mark.parametrize("change", [{"access_token": None}, {"scopes": [1]}, {"expires_at": "soon"}, {"name": 1}])
def test_damaged_tokens_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TokenCacheError):
        TokenSet.from_dict({**TokenSet("a", 1.0).to_dict(), **change})
