"""What a way of client authentication is."""

from dataclasses import dataclass, field
from typing import Protocol

from watchword.oauth.parameters import Parameters


@dataclass(frozen=True, slots=True)
class PresentedCredentials:
    """What a request presents; nothing of it is verified. ``secret`` is None for a client that only names itself."""

    client_id: str
    secret: str | None = field(repr=False)


class ClientAuthMethod(Protocol):
    """One way to authenticate a client."""

    @property
    def name(self) -> str:
        """Its name in the registry of token endpoint authentication methods (RFC 7591 section 2)."""
        ...

    def present(self, authorization: str | None, parameters: Parameters) -> PresentedCredentials | None:
        """The credentials, when the request uses this method; None when it does not.

        Args:
            authorization: the value of the Authorization header.
            parameters: the form.

        Raises:
            InvalidClientError: it uses this method wrongly.
        """
        ...
