"""A token among the subprotocols of a WebSocket handshake."""

import pytest

from watchword.verify.errors import PresentationError
from watchword.verify.websocket_token import authorization, others, select


@pytest.mark.parametrize(
    "headers",
    [
        ["watchword, watchword.bearer.a.b.c"],
        ["watchword.bearer.a.b.c,watchword"],
        ["watchword", "watchword.bearer.a.b.c"],
        [" graphql-ws ,\twatchword , watchword.bearer.a.b.c ,"],
    ],
)
def test_the_token_is_found_in_any_order(headers: list[str]) -> None:
    assert authorization(headers) == ["Bearer a.b.c"]
    assert all("a.b.c" not in name for name in others(headers))


@pytest.mark.parametrize("headers", [[], ["watchword"], ["graphql-ws"], ["Watchword.Bearer.a.b.c"], [""]])
def test_without_one_nothing_is_presented(headers: list[str]) -> None:
    assert authorization(headers) == []


def test_two_tokens_are_told_as_two() -> None:
    """The rule for two Authorization headers refuses them."""
    assert len(authorization(["watchword, watchword.bearer.a, watchword.bearer.b"])) == 2


def test_without_the_subprotocol_to_select_the_token_is_refused() -> None:
    with pytest.raises(PresentationError):
        authorization(["watchword.bearer.a.b.c"])


@pytest.mark.parametrize(
    ("chosen", "offered", "selected"),
    [
        (None, ["watchword"], "watchword"),
        (None, ["graphql-ws"], None),
        (None, [], None),
        ("graphql-ws", ["graphql-ws", "watchword"], "graphql-ws"),
        ("watchword.bearer.a.b.c", ["watchword"], "watchword"),
        ("watchword.bearer.a.b.c", [], None),
    ],
)
def test_never_the_one_with_the_token_is_selected(chosen: str | None, offered: list[str], selected: str | None) -> None:
    assert select(chosen, offered) == selected
