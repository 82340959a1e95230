"""One login as the token cache keeps it: which API, which issuer, which client, which tokens."""

import json
from dataclasses import dataclass

from watchword.client.browser_login import RelyingParty
from watchword.client.discovery import discover
from watchword.client.errors import NotSignedInError, TokenCacheError
from watchword.client.token_cache import TokenCache
from watchword.client.tokens import TokenSet

_VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedLogin:
    """A login for an API. The issuer's addresses are not kept: they are asked for again, as they may change.

    Args:
        api: the API as `canonical_api` writes it; the name of the cache entry.
        issuer: who gave the tokens.
        client_id: to whom.
        resource: the API's identifier exactly as its metadata states it; the tokens are for it.
        tokens: what was given.
    """

    api: str
    issuer: str
    client_id: str
    resource: str
    tokens: TokenSet

    def relying_party(self) -> RelyingParty:
        """Who renews it; a public client, since a command line can keep no secret.

        Raises:
            DiscoveryError: the issuer cannot be asked where its endpoints are.
        """
        return RelyingParty(discover(self.issuer), self.client_id, redirect_uri="")


def load_login(cache: TokenCache, api: str) -> SavedLogin:
    """The login kept for ``api``.

    Raises:
        NotSignedInError: there is none.
        TokenCacheError: it is damaged, or not kept safely.
    """
    record = cache.load(api)
    if record is None:
        raise NotSignedInError("there is no login for this API; run `watchword login`")
    try:
        fields = json.loads(record)
        if fields["version"] != _VERSION or fields["api"] != api:
            raise TokenCacheError("the kept login is of another form or for another API")
        issuer, client_id, resource = str(fields["issuer"]), str(fields["client_id"]), str(fields["resource"])
        return SavedLogin(api, issuer, client_id, resource, TokenSet.from_dict(fields["tokens"]))
    except (ValueError, KeyError, TypeError) as error:
        raise TokenCacheError("the kept login is damaged; sign in again") from error


def save_login(cache: TokenCache, login: SavedLogin) -> None:
    """Keep ``login``; whatever was kept for its API is replaced."""
    fields = {
        "version": _VERSION,
        "api": login.api,
        "issuer": login.issuer,
        "client_id": login.client_id,
        "resource": login.resource,
        "tokens": login.tokens.to_dict(),
    }
    cache.save(login.api, json.dumps(fields).encode())
