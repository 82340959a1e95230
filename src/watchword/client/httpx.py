"""Auth classes for the classic `httpx <https://www.python-httpx.org>`_, for ``Client`` and ``AsyncClient`` alike.

The same as `watchword.client.httpx2`, which needs no further package.
"""

from typing import ClassVar

try:
    import httpx
except ModuleNotFoundError as error:
    raise ImportError(
        "watchword.client.httpx needs httpx: pip install 'watchword[httpx]'; watchword.client.httpx2 needs nothing more"
    ) from error

from watchword.client.api_auth import ClientCredentialsAuth, RefreshingTokensAuth
from watchword.client.protected_request import arenew_proof, renew_proof

__all__ = ["ClientCredentials", "RefreshingTokens", "arenew_proof", "renew_proof"]


class ClientCredentials(ClientCredentialsAuth[httpx.Request, httpx.Response], httpx.Auth):
    __doc__ = ClientCredentialsAuth.__doc__

    replayable: ClassVar[type] = httpx.ByteStream


class RefreshingTokens(RefreshingTokensAuth[httpx.Request, httpx.Response], httpx.Auth):
    __doc__ = RefreshingTokensAuth.__doc__

    replayable: ClassVar[type] = httpx.ByteStream
