"""The errors of OAuth and OpenID Connect, by the names the specifications give them.

    OAuthError                       RFC 6749 sections 4.1.2.1 and 5.2
    ├── InvalidRequestError  InvalidClientError  InvalidGrantError  UnauthorizedClientError
    ├── UnsupportedGrantTypeError  UnsupportedResponseTypeError  InvalidScopeError  AccessDeniedError
    ├── ServerError  TemporarilyUnavailableError
    ├── InvalidTargetError           RFC 8707 section 2
    ├── InvalidTokenError  InsufficientScopeError    RFC 6750 section 3.1
    └── LoginRequiredError  ConsentRequiredError  InteractionRequiredError  AccountSelectionRequiredError
        RequestNotSupportedError  RequestURINotSupportedError  RegistrationNotSupportedError
                                     OpenID Connect Core section 3.1.2.6

``sentence`` becomes ``error_description``: a fixed text in the characters RFC 6749 allows, which never repeats what
the client sent. ``detail`` is for the operator's log.
"""

from typing import ClassVar

from watchword.errors import WatchwordError


class OAuthError(WatchwordError):
    """An answer with ``error`` and ``error_description``.

    https://www.rfc-editor.org/rfc/rfc6749#section-5.2

    Args:
        sentence: the fixed description; the class's own when not given.
        detail: for the operator's log only.
        retry_after: seconds after which trying again makes sense, for the header of that name.
    """

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400
    default_sentence: ClassVar[str] = "the request cannot be carried out"

    def __init__(
        self, sentence: str | None = None, *, detail: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(sentence or self.default_sentence, detail=detail)
        self.retry_after = retry_after

    @property
    def error(self) -> str:
        """The code by its name in the specification."""
        return self.code


class InvalidRequestError(OAuthError):
    code = "invalid_request"
    default_sentence = "the request is malformed"


class InvalidClientError(OAuthError):
    code = "invalid_client"
    status = 401
    default_sentence = "client authentication failed"


class InvalidGrantError(OAuthError):
    code = "invalid_grant"
    default_sentence = "the grant is invalid, expired, revoked or was issued to another client"


class UnauthorizedClientError(OAuthError):
    code = "unauthorized_client"
    default_sentence = "the client may not use this grant type"


class UnsupportedGrantTypeError(OAuthError):
    code = "unsupported_grant_type"
    default_sentence = "the grant type is not supported"


class UnsupportedResponseTypeError(OAuthError):
    code = "unsupported_response_type"
    default_sentence = "only the response type code is supported"


class InvalidScopeError(OAuthError):
    code = "invalid_scope"
    default_sentence = "the requested scope is unknown, malformed or exceeds what may be granted"


class AccessDeniedError(OAuthError):
    code = "access_denied"
    default_sentence = "the request was denied"


class ServerError(OAuthError):
    code = "server_error"
    status = 500
    default_sentence = "the server met an unexpected condition"


class TemporarilyUnavailableError(OAuthError):
    code = "temporarily_unavailable"
    status = 503
    default_sentence = "the server is overloaded or a part of it is away; try again soon"


class InvalidTargetError(OAuthError):
    """https://www.rfc-editor.org/rfc/rfc8707#section-2"""

    code = "invalid_target"
    default_sentence = "the requested resource is unknown, malformed or not allowed"


class InvalidTokenError(OAuthError):
    """https://www.rfc-editor.org/rfc/rfc6750#section-3.1"""

    code = "invalid_token"
    status = 401
    default_sentence = "the access token is expired, revoked, malformed or not meant for this endpoint"


class InsufficientScopeError(OAuthError):
    """https://www.rfc-editor.org/rfc/rfc6750#section-3.1"""

    code = "insufficient_scope"
    status = 403
    default_sentence = "the access token does not carry the scope this endpoint requires"


class LoginRequiredError(OAuthError):
    """https://openid.net/specs/openid-connect-core-1_0.html#AuthError"""

    code = "login_required"
    default_sentence = "the user must sign in and prompt=none forbids asking"


class ConsentRequiredError(OAuthError):
    code = "consent_required"
    default_sentence = "the user must consent and prompt=none forbids asking"


class InteractionRequiredError(OAuthError):
    code = "interaction_required"
    default_sentence = "the user must be asked and prompt=none forbids asking"


class AccountSelectionRequiredError(OAuthError):
    code = "account_selection_required"
    default_sentence = "the user must choose an account and prompt=none forbids asking"


class RequestNotSupportedError(OAuthError):
    code = "request_not_supported"
    default_sentence = "request objects are not supported"


class RequestURINotSupportedError(OAuthError):
    code = "request_uri_not_supported"
    default_sentence = "request_uri is not supported"


class RegistrationNotSupportedError(OAuthError):
    code = "registration_not_supported"
    default_sentence = "the registration parameter is not supported"
