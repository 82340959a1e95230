"""Every option of the auth classes, each written down once."""

from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

from watchword.clock import Clock
from watchword.jose.jwk import Key


class AuthOptions(TypedDict, total=False):
    """Who asks whom for tokens, and where those may go."""

    issuer: Required[str]
    """The issuer's name, byte for byte as its metadata and its tokens have it."""

    client_id: Required[str]
    """As registered at the issuer."""

    client_secret: str
    """The secret of a confidential client."""

    private_key: Key
    """Instead of a secret: signs who the client is (``private_key_jwt``). The issuer knows its public half."""

    token_endpoint_auth_method: str
    """``client_secret_basic`` (the default with a secret) or ``client_secret_post``."""

    resource: str
    """The API's identifier (RFC 8707). When it is a URL, tokens are sent to its origin."""

    origins: Sequence[str]
    """Further origins that tokens may be sent to, for an API whose address is not its identifier."""

    parameters: Mapping[str, str]
    """Further fields of the token request, for example ``{"audience": …}`` where an issuer knows no ``resource``."""

    dpop_key: Key
    """Binds the tokens to this private key (RFC 9449): whoever steals one cannot use it."""

    metadata_url: str
    """Where the issuer's metadata is, when its name is not its address."""

    token_url: str
    """Where the token endpoint is; the metadata is then not asked for."""

    danger_any_origin: bool
    """Send the token wherever a request goes: whoever chooses a request's URL gets the token."""

    danger_allow_http: bool
    """Plain http to other machines too: for a network that nobody else can enter."""

    clock: Clock
    """For tests."""
