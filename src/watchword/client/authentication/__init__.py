"""How a client shows the token endpoint who it is: one file per method, all of them in `CLIENT_AUTHENTICATIONS`.

https://www.iana.org/assignments/oauth-parameters/#token-endpoint-auth-method
"""

from typing import Any

from watchword.client.authentication.client_secret_basic import ClientSecretBasic
from watchword.client.authentication.client_secret_post import ClientSecretPost
from watchword.client.authentication.method import ClientAuthentication, Credential
from watchword.client.authentication.private_key_jwt import PrivateKeyJwt
from watchword.client.authentication.public_client import PublicClient
from watchword.client.errors import ClientSettingsError
from watchword.jose.jwk import Key

# Of those that take the same credential, the first is the default.
CLIENT_AUTHENTICATIONS: tuple[type[ClientAuthentication], ...] = (
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
    PublicClient,
)

__all__ = ["CLIENT_AUTHENTICATIONS", "ClientAuthentication", "choose_authentication"]


def choose_authentication(
    client_id: str, *, client_secret: str | None = None, private_key: Key | None = None, method: str | None = None
) -> ClientAuthentication:
    """The authentication that the given credential is for.

    Args:
        client_id: as registered at the issuer.
        client_secret: the shared secret; excludes ``private_key``.
        private_key: an asymmetric key whose public half is registered at the issuer.
        method: its registered name, for example ``client_secret_post``; by default the first that takes what is given.

    Raises:
        ClientSettingsError: both credentials, or one that ``method`` does not take.
    """
    if not isinstance(client_id, str) or not client_id:
        raise ClientSettingsError("client_id is a text that is not empty")
    if client_secret is not None and private_key is not None:
        raise ClientSettingsError("a client has a secret or a private key, not both")
    credential: Credential = "none"
    arguments: tuple[Any, ...] = (client_id,)
    if client_secret is not None:
        credential, arguments = "client_secret", (client_id, client_secret)
    elif private_key is not None:
        credential, arguments = "private_key", (client_id, private_key)
    for authentication in CLIENT_AUTHENTICATIONS:
        if authentication.credential == credential and method in {None, authentication.method}:
            return authentication(*arguments)
    raise ClientSettingsError("token_endpoint_auth_method names no method that takes the given credential")
