"""STEP 3 of the flow, seen from the client: a request that carries ``Authorization: Bearer``.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ssl import SSLContext
from typing import Any

import httpx2

from watchword.client.errors import ClientError
from watchword.client.tokens import TokenSet

_MAX_BYTES = 1024 * 1024
_TIMEOUT_SECONDS = 10.0


class ApiUnreachableError(ClientError):
    """The API did not answer, or answered with more than can be taken."""

    code = "api_unreachable"


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What an API answered. ``challenge``: its ``WWW-Authenticate`` header, if it sent one."""

    status: int
    reason: str
    content_type: str
    body: bytes
    challenge: str | None


async def acall(method: str, url: str, tokens: TokenSet, *, json: Mapping[str, Any] | None = None) -> ApiAnswer:
    """Call an API with the access token of ``tokens``.

    Redirects are not followed and proxies of the environment not used: the token goes to ``url`` and nowhere else.

    Args:
        method: ``GET``, ``POST`` …
        url: absolute.
        tokens: of the signed-in user.
        json: a body to send.

    Raises:
        ApiUnreachableError: no answer within ten seconds, or one of more than 1 MiB.
    """
    headers = {"authorization": f"Bearer {tokens.access_token}", "accept": "application/json"}
    try:
        async with (
            httpx2.AsyncClient(verify=system_authorities(), timeout=_TIMEOUT_SECONDS, trust_env=False) as http,
            http.stream(method, url, headers=headers, json=json, follow_redirects=False) as response,
        ):
            body = await _capped(response)
            return ApiAnswer(
                status=response.status_code,
                reason=response.reason_phrase,
                content_type=response.headers.get("content-type", ""),
                body=body,
                challenge=response.headers.get("www-authenticate"),
            )
    except httpx2.HTTPError as error:
        raise ApiUnreachableError("the API did not answer") from error


@lru_cache(maxsize=1)
def system_authorities() -> SSLContext:
    """The certificate authorities of this system; read once, which takes longer than most calls."""
    return httpx2.create_ssl_context(trust_env=False)


async def _capped(response: httpx2.Response) -> bytes:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > _MAX_BYTES:
            raise ApiUnreachableError("the API answered with more than 1 MiB")
        chunks.append(chunk)
    return b"".join(chunks)
