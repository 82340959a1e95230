"""``client_secret_basic``: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1"""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from watchword.issuer.client_auth.method import PresentedCredentials
from watchword.oauth.errors import InvalidClientError
from watchword.oauth.parameters import Parameters

# The id and the secret are form-encoded before they are joined: these characters and no others remain (O35).
_FORM_ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~*+!'()$&,/:;=@?]|%[0-9A-Fa-f]{2})+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ClientSecretBasic:
    """Id and secret in the Authorization header."""

    name = "client_secret_basic"

    def present(self, authorization: str | None, parameters: Parameters) -> PresentedCredentials | None:
        """See `ClientAuthMethod.present`. The body may repeat the id, but not name another."""
        if authorization is None:
            return None
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            raise InvalidClientError("the authentication scheme is not supported here")
        client_id, secret = _decode(encoded)
        if parameters.get("client_id") not in {None, client_id}:
            raise InvalidClientError("the header and the body name different clients")
        return PresentedCredentials(client_id, secret)


def _decode(encoded: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(encoded.strip(" "), validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise InvalidClientError("the authorization header is malformed") from error
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise InvalidClientError("the authorization header is malformed")
    return _form_decode(client_id), _form_decode(secret)


def _form_decode(text: str) -> str:
    if not _FORM_ENCODED.match(text):
        raise InvalidClientError("the authorization header is malformed")
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidClientError("the authorization header is malformed") from error
    if _CONTROL.search(decoded):
        raise InvalidClientError("the authorization header is malformed")
    return decoded
