"""What a renewal asks for, and what its answer means: the client's own tokens, or a person's.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4 and section 6
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Protocol

from watchword.client.errors import ClientError, ClientSettingsError, NotSignedInError, TokenRequestError
from watchword.client.refresh import renewed
from watchword.client.token_endpoint import TokenAnswer
from watchword.client.tokens import TokenSet
from watchword.oauth.scope import format_scope, is_scope_token

_log = logging.getLogger("watchword.client")
# What is said in one place only, so that no further parameter can contradict it.
_OWN_FIELDS = frozenset(
    {
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "grant_type",
        "refresh_token",
        "resource",
        "scope",
    }
)


class Grant(Protocol):
    """How the tokens of one source are renewed. No I/O but `keep`.

    ``must_land``: what is spent by asking must not be lost, so a process that ends waits for the answer.
    """

    must_land: ClassVar[bool]

    def fields(self, held: TokenSet | None) -> Sequence[tuple[str, str]]:
        """The form that asks for new tokens.

        Raises:
            NotSignedInError: there is nothing to ask with.
        """
        ...

    def accept(self, held: TokenSet | None, answer: TokenAnswer, *, now: float) -> TokenSet:
        """The new tokens.

        Args:
            held: those before.
            answer: of the token endpoint.
            now: UTC epoch seconds at which it was asked.
        """
        ...

    def keep(self, tokens: TokenSet) -> None:
        """Store new tokens before anybody uses them."""
        ...

    def end(self, refusal: TokenRequestError) -> ClientError | None:
        """What to tell from now on, if after ``refusal`` it is no use to ask again; None if it may be."""
        ...


class ClientCredentialsGrant:
    """The client's own tokens: a machine that acts for itself.

    Args:
        resource: the API's identifier (RFC 8707); None to leave it to the issuer.
        scopes: what to ask for; none leaves it to the issuer.
        parameters: further fields.

    Raises:
        ClientSettingsError: a scope is none, or a parameter is one that is set elsewhere.
    """

    must_land: ClassVar[bool] = False

    def __init__(self, resource: str | None, scopes: Sequence[str], parameters: Mapping[str, str]) -> None:
        self._scopes = read_scopes(scopes)
        self._fields = (("grant_type", "client_credentials"), *further_fields(resource, parameters))
        if self._scopes:
            self._fields = (*self._fields, ("scope", format_scope(self._scopes)))

    def fields(self, held: TokenSet | None) -> Sequence[tuple[str, str]]:
        """See `Grant`."""
        del held
        return self._fields

    def accept(self, held: TokenSet | None, answer: TokenAnswer, *, now: float) -> TokenSet:
        """See `Grant`. A refresh token, which should not be there (section 4.4.3), is left aside."""
        granted = self._scopes if answer.scopes is None else answer.scopes
        tell_narrowed(self._scopes if held is None else held.scopes, granted)
        return TokenSet(answer.access_token, now + answer.lifetime, granted)

    def keep(self, tokens: TokenSet) -> None:
        """Nothing: these tokens are asked for again at the next start."""

    def end(self, refusal: TokenRequestError) -> ClientError | None:
        """See `Grant`. An operator may set right whatever is refused."""
        del refusal
        return None


class RefreshGrant:
    """A person's tokens, renewed with their refresh token.

    Args:
        resource: the API's identifier; None to leave it to the issuer.
        parameters: further fields.
        on_renewed: stores the new tokens.
    """

    must_land: ClassVar[bool] = True

    def __init__(
        self, resource: str | None, parameters: Mapping[str, str], on_renewed: Callable[[TokenSet], object]
    ) -> None:
        self._further = further_fields(resource, parameters)
        self._on_renewed = on_renewed

    def fields(self, held: TokenSet | None) -> Sequence[tuple[str, str]]:
        """See `Grant`."""
        if held is None or held.refresh_token is None:
            raise NotSignedInError("the login has ended and cannot be renewed; sign in again")
        return ("grant_type", "refresh_token"), ("refresh_token", held.refresh_token), *self._further

    def accept(self, held: TokenSet | None, answer: TokenAnswer, *, now: float) -> TokenSet:
        """See `Grant`. Without a new refresh token in the answer the old one stays in use."""
        if held is None:
            held = TokenSet(answer.access_token, now)
        tokens = renewed(held, answer, now=now)
        tell_narrowed(held.scopes, tokens.scopes)
        return tokens

    def keep(self, tokens: TokenSet) -> None:
        """See `Grant`."""
        self._on_renewed(tokens)

    def end(self, refusal: TokenRequestError) -> ClientError | None:
        """See `Grant`. A refused refresh token is not sent again: doing so could end a login that another process
        has renewed meanwhile (https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2).
        """
        return NotSignedInError("the login has ended; sign in again") if refusal.error == "invalid_grant" else None


def further_fields(resource: str | None, parameters: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The fields for ``resource`` and ``parameters``.

    Raises:
        ClientSettingsError: a parameter has an option of its own.
    """
    if _OWN_FIELDS & parameters.keys():
        raise ClientSettingsError("parameters holds one that has an option of its own")
    own = () if resource is None else (("resource", resource),)
    return *own, *parameters.items()


def read_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    """``scopes``, each once.

    Raises:
        ClientSettingsError: they are one text, or one of them is no scope.
    """
    if isinstance(scopes, str):
        raise ClientSettingsError("scopes is a list, not one text")
    asked = tuple(dict.fromkeys(scopes))
    if not all(isinstance(scope, str) and is_scope_token(scope) for scope in asked):
        raise ClientSettingsError("a scope holds characters that a scope may not hold")
    return asked


def tell_narrowed(expected: Sequence[str], granted: Sequence[str]) -> None:
    """Say in the log which scopes are missing: the API will refuse what needs them."""
    missing = [scope for scope in expected if scope not in granted]
    if missing:
        _log.warning("the issuer granted fewer scopes than asked for; missing: %s", " ".join(missing))
