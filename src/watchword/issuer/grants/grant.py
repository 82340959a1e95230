"""What a grant type is: it takes an authenticated client's request and answers with tokens."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from watchword.issuer.context import Issuer
from watchword.oauth.parameters import Parameters
from watchword.store.repositories.audit import Actor
from watchword.store.repositories.clients import Client


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request whose client is authenticated and may use the grant type. ``now`` is UTC epoch seconds."""

    issuer: Issuer
    client: Client
    parameters: Parameters
    actor: Actor
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.1; ``expires_in`` is in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The members of the JSON answer."""
        answer: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": self.scope,
        }
        if self.refresh_token is not None:
            answer["refresh_token"] = self.refresh_token
        if self.id_token is not None:
            answer["id_token"] = self.id_token
        return answer


class GrantType(Protocol):
    """One way to come by tokens."""

    @property
    def grant_type(self) -> str:
        """The value of ``grant_type`` that asks for it."""
        ...

    async def redeem(self, request: TokenRequest) -> TokenResponse:
        """Make the tokens.

        Raises:
            OAuthError: nothing is given.
        """
        ...
