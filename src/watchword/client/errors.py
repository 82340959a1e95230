"""What can go wrong on the relying party's side.

ClientError
├── DiscoveryError            the API or the issuer does not say what is needed, or says it wrongly
├── CallbackError             the answer that came back through the browser must not be used
│   ├── StateMismatchError      it does not belong to a login that was begun here (O08)
│   └── IssuerMismatchError     it comes from another issuer than the one that was asked (O07)
├── AuthorizationDeclinedError  the issuer answered with an error; ``error`` is its RFC 6749 code
├── TokenRequestError         the token endpoint answered with an error, or with nonsense
│   └── TokenEndpointBusyError  it asks to be left alone, and is, until the moment it names
├── IdTokenError              the ID token does not hold
├── LoginTimeoutError         nobody came back from the browser in time
├── NotSignedInError          there is no login for this API, or it has ended
├── TokenCacheError           the tokens cannot be kept, or are not kept safely
├── TokensNotKeptError        ``on_renewed`` failed, so the renewed tokens are not used yet
├── UntrustedOriginError      a request would have taken the token to a place it is not for
└── ClientSettingsError       settings that make no sense: the programmer's mistake, found at construction
"""

import re
from math import ceil
from typing import ClassVar, Self

from watchword.errors import WatchwordError

_ERROR_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,64}\Z")


class ClientError(WatchwordError):
    code: ClassVar[str] = "client_error"


class DiscoveryError(ClientError):
    code: ClassVar[str] = "discovery_failed"


class CallbackError(ClientError):
    code: ClassVar[str] = "callback_refused"


class StateMismatchError(CallbackError):
    code: ClassVar[str] = "state_mismatch"


class IssuerMismatchError(CallbackError):
    code: ClassVar[str] = "issuer_mismatch"


class AuthorizationDeclinedError(ClientError):
    """The issuer declined; ``error`` is its code, kept only when it looks like one."""

    code: ClassVar[str] = "authorization_declined"

    def __init__(self, error: str) -> None:
        self.error = harmless(error)
        super().__init__(f"the issuer declined the sign-in ({self.error})")


class TokenRequestError(ClientError):
    """The token endpoint said no; ``error`` is its code (RFC 6749 section 5.2), ``status`` the HTTP status."""

    code: ClassVar[str] = "token_request_refused"

    def __init__(self, sentence: str, *, error: str = "invalid_response", status: int = 0) -> None:
        super().__init__(sentence)
        self.error = harmless(error)
        self.status = status


class TokenEndpointBusyError(TokenRequestError):
    """The token endpoint asked to be left alone (429 or 503): nobody here asks for ``retry_after`` more seconds."""

    code: ClassVar[str] = "token_endpoint_busy"

    def __init__(
        self, sentence: str, *, retry_after: int = 0, error: str = "invalid_response", status: int = 0
    ) -> None:
        super().__init__(sentence, error=error, status=status)
        self.retry_after = retry_after

    @classmethod
    def lasting(cls, seconds: float, *, error: str, status: int) -> Self:
        """One that says for how long."""
        left = ceil(seconds)
        return cls(
            f"the token endpoint is busy and is not asked for {left} seconds",
            retry_after=left,
            error=error,
            status=status,
        )


class IdTokenError(ClientError):
    code: ClassVar[str] = "id_token_refused"


class LoginTimeoutError(ClientError):
    code: ClassVar[str] = "login_timeout"


class NotSignedInError(ClientError):
    code: ClassVar[str] = "not_signed_in"


class TokenCacheError(ClientError):
    code: ClassVar[str] = "token_cache_refused"


class TokensNotKeptError(ClientError):
    """Renewed tokens could not be stored by ``on_renewed``; they are offered to it again before anything else."""

    code: ClassVar[str] = "tokens_not_kept"


class UntrustedOriginError(ClientError):
    code: ClassVar[str] = "untrusted_origin"


class ClientSettingsError(ClientError):
    code: ClassVar[str] = "client_misconfigured"


def harmless(error_code: str) -> str:
    """``error_code`` as the other side sent it, if it is no more than a code; it will be shown in a terminal."""
    return error_code if _ERROR_CODE.match(error_code) else "unknown_error"
