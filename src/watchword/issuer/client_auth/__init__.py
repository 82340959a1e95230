"""How clients authenticate: one file for each method, all of them in `CLIENT_AUTH_METHODS`."""

from watchword.issuer.client_auth.client_secret_basic import ClientSecretBasic
from watchword.issuer.client_auth.client_secret_post import ClientSecretPost
from watchword.issuer.client_auth.method import ClientAuthMethod
from watchword.issuer.client_auth.none import NoAuthentication

CLIENT_AUTH_METHODS: tuple[ClientAuthMethod, ...] = (ClientSecretBasic(), ClientSecretPost(), NoAuthentication())

__all__ = ["CLIENT_AUTH_METHODS"]
