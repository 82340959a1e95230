"""STEP 3 for WebSockets: a token among the subprotocols, where browsers can send none in ``Authorization``.

    new WebSocket("wss://api.example.com/live", ["watchword", "watchword.bearer." + token])

The client offers ``watchword`` beside the subprotocol that holds the token, and the server selects ``watchword``, or
another one that was offered: never the one with the token, which would then stand in the answer. A query would put the
token into logs and histories, a cookie would let any site open the connection.
"""

from collections.abc import Sequence

from watchword.verify.errors import PresentationError

SUBPROTOCOL = "watchword"
_HOLDS_TOKEN = "watchword.bearer."  # noqa: S105  a prefix, not a secret


def authorization(headers: Sequence[str]) -> list[str]:
    """The token among the subprotocols, in the form of an ``Authorization`` header; empty if there is none.

    Args:
        headers: every ``Sec-WebSocket-Protocol`` header.

    Raises:
        PresentationError: the client does not offer ``watchword`` beside it, so that no subprotocol could be selected.
    """
    offered = _offered(headers)
    found = ["Bearer " + name.removeprefix(_HOLDS_TOKEN) for name in offered if name.startswith(_HOLDS_TOKEN)]
    if found and SUBPROTOCOL not in offered:
        raise PresentationError("a token among the subprotocols needs the subprotocol `watchword` beside it")
    return found


def others(headers: Sequence[str]) -> list[str]:
    """The subprotocols that hold no token, in the client's order."""
    return [name for name in _offered(headers) if not name.startswith(_HOLDS_TOKEN)]


def select(chosen: str | None, offered: Sequence[str]) -> str | None:
    """The subprotocol with which to answer.

    Args:
        chosen: by the application.
        offered: from `others`.
    """
    if chosen is not None and not chosen.startswith(_HOLDS_TOKEN):
        return chosen
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _offered(headers: Sequence[str]) -> list[str]:
    return [name for header in headers for part in header.split(",") if (name := part.strip(" \t"))]
