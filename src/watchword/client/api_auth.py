"""STEP 3 of the flow, seen from the client: what `watchword.client.httpx2` and `watchword.client.httpx` share.

``protected_request`` says what happens to a request, ``token_source`` has the tokens; here are the two flows, for
blocking clients and for asyncio, and the options.
"""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import ClassVar, Generic, TypeVar, Unpack

from watchword.client.authentication import choose_authentication
from watchword.client.dpop import Proofs
from watchword.client.errors import ClientSettingsError
from watchword.client.grants import ClientCredentialsGrant, Grant, RefreshGrant
from watchword.client.options import AuthOptions
from watchword.client.origins import AllowedOrigins
from watchword.client.protected_request import Next, ProtectedRequest, Request, Response
from watchword.client.token_address import IssuerAddress
from watchword.client.token_request import TokenRequests
from watchword.client.token_source import TokenSource
from watchword.client.tokens import TokenSet
from watchword.clock import SystemClock
from watchword.fetch import FetchError, check_url

RequestT = TypeVar("RequestT", bound=Request)
ResponseT = TypeVar("ResponseT", bound=Response)


class ApiAuth(Generic[RequestT, ResponseT]):
    """Puts a token on each request. Safe to share between threads, tasks, clients and event loops.

    ``replayable``: the library's kind of body that can be sent twice.
    """

    replayable: ClassVar[type]

    def __init__(self, grant: Grant, tokens: TokenSet | None, options: AuthOptions) -> None:
        unknown = options.keys() - AuthOptions.__annotations__.keys()
        if unknown:
            raise TypeError("there is no option " + ", ".join(sorted(unknown)))
        for name in ("danger_any_origin", "danger_allow_http"):
            # The text "false", from an environment variable, would count as true.
            if not isinstance(options.get(name, False), bool):
                raise ClientSettingsError(f"{name} is True or False")
        clock = options.get("clock") or SystemClock()
        key = options.get("dpop_key")
        self._issuer = _issuer_address(options)
        self._allowed = AllowedOrigins(
            options.get("resource"),
            options.get("origins", ()),
            danger_any_origin=options.get("danger_any_origin", False),
            danger_allow_http=options.get("danger_allow_http", False),
        )
        self._authentication = choose_authentication(
            options["client_id"],
            client_secret=options.get("client_secret"),
            private_key=options.get("private_key"),
            method=options.get("token_endpoint_auth_method"),
        )
        # Two, though the key is one: an API and its issuer may share an origin, and each has nonces of its own.
        self._proofs = None if key is None else Proofs(key, clock)
        issuer_proofs = None if key is None else Proofs(key, clock)
        requests = TokenRequests(self._issuer, self._authentication, issuer_proofs, clock)
        self._source = TokenSource(requests, grant, tokens=tokens, clock=clock)

    @property
    def granted_scopes(self) -> tuple[str, ...] | None:
        """What the issuer granted, which may be less than what was asked for; None before the first token."""
        tokens = self._source.tokens
        return None if tokens is None else tokens.scopes

    def sync_auth_flow(self, request: RequestT) -> Generator[RequestT, ResponseT, None]:
        """The flow of a blocking client.

        Raises:
            ClientError: there is no token, or it must not go where the request goes.
        """
        visit = self._visit(request)
        tokens = self._source.token()
        while True:
            visit.attach(tokens)
            step = visit.judge((yield visit.request))
            if step is Next.BETTER_TOKEN:
                better = self._source.better_than(tokens.access_token)
                if better is None:
                    return
                tokens = better
            elif step is not Next.SAME_TOKEN:
                break
        if step is Next.BETTER_TOKEN_LATER:
            self._source.doubt(tokens.access_token)

    async def async_auth_flow(self, request: RequestT) -> AsyncGenerator[RequestT, ResponseT]:
        """The flow of an asyncio client.

        Raises:
            ClientError: see `sync_auth_flow`.
        """
        visit = self._visit(request)
        tokens = await self._source.atoken()
        while True:
            visit.attach(tokens)
            step = visit.judge((yield visit.request))
            if step is Next.BETTER_TOKEN:
                better = await self._source.abetter_than(tokens.access_token)
                if better is None:
                    return
                tokens = better
            elif step is not Next.SAME_TOKEN:
                break
        if step is Next.BETTER_TOKEN_LATER:
            self._source.doubt(tokens.access_token)

    def auth_flow(self, request: RequestT) -> Generator[RequestT, ResponseT, None]:
        """As `sync_auth_flow`: whoever drives a flow by hand gets the token too."""
        return self.sync_auth_flow(request)

    def _visit(self, request: RequestT) -> ProtectedRequest:
        repeatable = isinstance(request.stream, self.replayable)
        return ProtectedRequest(request, self._allowed, self._proofs, repeatable=repeatable)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} issuer={self._issuer.issuer!r} client_id={self._authentication.client_id!r}>"


class ClientCredentialsAuth(ApiAuth[RequestT, ResponseT]):
    """The client's own tokens (RFC 6749 section 4.4): a machine that acts for itself.

    Args:
        scopes: what to ask for; none leaves it to the issuer.
        options: see `AuthOptions`.

    Raises:
        ClientSettingsError: an option makes no sense.
    """

    def __init__(self, *, scopes: Sequence[str] = (), **options: Unpack[AuthOptions]) -> None:
        grant = ClientCredentialsGrant(options.get("resource"), scopes, options.get("parameters", {}))
        super().__init__(grant, None, options)
        if self._authentication.credential == "none":
            raise ClientSettingsError("client credentials are a client_secret or a private_key")


class RefreshingTokensAuth(ApiAuth[RequestT, ResponseT]):
    """A person's tokens, renewed with their refresh token (RFC 6749 section 6) before they end.

    Most issuers replace the refresh token at each use, and end the login when a replaced one is used. So
    ``on_renewed`` stores the new tokens before anything uses them, and one refresh token belongs in one auth object
    of one process.

    Args:
        tokens: of the login.
        on_renewed: stores the tokens it is given; a plain function, called in a thread of its own, one call at a
            time. When it raises, the tokens are not used yet and are offered to it again.
        options: see `AuthOptions`.

    Raises:
        ClientSettingsError: an option makes no sense.
    """

    def __init__(
        self, tokens: TokenSet, *, on_renewed: Callable[[TokenSet], object], **options: Unpack[AuthOptions]
    ) -> None:
        if not isinstance(tokens, TokenSet):
            raise ClientSettingsError("tokens is a TokenSet")
        if not callable(on_renewed) or inspect.iscoroutinefunction(on_renewed):
            raise ClientSettingsError("on_renewed is a plain function, not a coroutine")
        super().__init__(
            RefreshGrant(options.get("resource"), options.get("parameters", {}), on_renewed), tokens, options
        )

    @property
    def tokens(self) -> TokenSet:
        """Those in use, stored already."""
        tokens = self._source.tokens
        assert tokens is not None  # it began with some
        return tokens

    def adopt(self, tokens: TokenSet) -> None:
        """Use ``tokens`` from now on: after a new login, or when another process has renewed them."""
        self._source.adopt(tokens)


def _issuer_address(options: AuthOptions) -> IssuerAddress:
    if not isinstance(options.get("issuer"), str) or "client_id" not in options:
        raise ClientSettingsError("issuer and client_id are needed")
    allow_http = options.get("danger_allow_http", False)
    address = IssuerAddress(options["issuer"], options.get("metadata_url"), options.get("token_url"), allow_http)
    # A name need not be an address; but one of the three is where the secret goes.
    where = address.token_url or address.metadata_url or address.issuer
    try:
        check_url(where, danger_allow_http=allow_http)
    except FetchError as error:
        raise ClientSettingsError(f"the issuer's address cannot be used: {error.sentence}") from error
    return address
