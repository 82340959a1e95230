"""Auth classes for `httpx2 <https://pypi.org/project/httpx2/>`_, for its ``Client`` and its ``AsyncClient`` alike.

auth = ClientCredentials(issuer=…, client_id=…, client_secret=…, resource="https://api.example.com")
client = httpx2.Client(base_url="https://api.example.com", auth=auth)
"""

from typing import ClassVar

import httpx2

from watchword.client.api_auth import ClientCredentialsAuth, RefreshingTokensAuth
from watchword.client.protected_request import arenew_proof, renew_proof

__all__ = ["ClientCredentials", "RefreshingTokens", "arenew_proof", "renew_proof"]


class ClientCredentials(ClientCredentialsAuth[httpx2.Request, httpx2.Response], httpx2.Auth):
    __doc__ = ClientCredentialsAuth.__doc__

    replayable: ClassVar[type] = httpx2.ByteStream


class RefreshingTokens(RefreshingTokensAuth[httpx2.Request, httpx2.Response], httpx2.Auth):
    __doc__ = RefreshingTokensAuth.__doc__

    replayable: ClassVar[type] = httpx2.ByteStream
