"""The answer as query parameters of the redirect URI.

https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class ResponseMode:
    """One value of ``response_mode``; ``answer`` makes the response from redirect URI and parameters."""

    name: str
    answer: Callable[[str, Mapping[str, str]], Response]


def see_other(address: str) -> Response:
    """303: whatever was posted is not posted again (https://www.rfc-editor.org/rfc/rfc9700#section-4.12)."""
    return Response(status_code=303, headers={"Location": address, "Cache-Control": "no-store"})


def redirect(redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    """Send the browser to ``redirect_uri`` with ``parameters`` behind whatever query was registered with it."""
    return see_other(with_query(redirect_uri, parameters))


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """``address``, byte for byte, with ``parameters`` added to its query; it has no fragment."""
    if not parameters:
        return address
    query = urlencode(parameters)
    if "?" not in address:
        return f"{address}?{query}"
    return f"{address}{query}" if address.endswith(("?", "&")) else f"{address}&{query}"


QUERY = ResponseMode("query", redirect)
