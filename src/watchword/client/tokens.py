"""The tokens of one login, in a form that does not leak when it is printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.client.errors import TokenCacheError

# A token that ends while the request is on its way is of no use.
DEFAULT_MARGIN = 30.0


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What the token endpoint gave. Its repr shows no token.

    Args:
        access_token: for the API; opaque to the client.
        expires_at: UTC epoch seconds at which the access token ends.
        scopes: what was granted, which may be less than what was asked.
        subject: ``sub`` of the verified ID token; None when no ID token was asked for.
        name: what to call the person, from the verified ID token; None when it does not say.
    """

    access_token: str = field(repr=False)
    expires_at: float
    scopes: tuple[str, ...] = ()
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    subject: str | None = None
    name: str | None = field(default=None, repr=False)

    def is_fresh(self, now: float, *, margin: float = DEFAULT_MARGIN) -> bool:
        """Whether the access token lives for at least ``margin`` more seconds."""
        return now + margin < self.expires_at

    def to_dict(self) -> dict[str, Any]:
        """Everything, tokens included: for a token cache, never for a log."""
        return {
            "access_token": self.access_token,
            "expires_at": self.expires_at,
            "scopes": list(self.scopes),
            "refresh_token": self.refresh_token,
            "id_token": self.id_token,
            "subject": self.subject,
            "name": self.name,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "TokenSet":
        """Read what `to_dict` wrote.

        Raises:
            TokenCacheError: a member is missing or of another type.
        """
        try:
            return cls(
                access_token=_text(record["access_token"]),
                expires_at=float(record["expires_at"]),
                scopes=tuple(_text(scope) for scope in record["scopes"]),
                refresh_token=_optional_text(record["refresh_token"]),
                id_token=_optional_text(record["id_token"]),
                subject=_optional_text(record["subject"]),
                name=_optional_text(record["name"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TokenCacheError("the kept tokens are damaged") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)
