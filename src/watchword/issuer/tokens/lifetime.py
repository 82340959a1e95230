"""How long a token may live, in seconds."""

from watchword.issuer.settings import IssuerSettings
from watchword.store.repositories.apis import Api

# No setting reaches beyond it: withdrawn trust is remembered, and a retiring key published, for this long.
LONGEST = 3600


def access_token_lifetime(settings: IssuerSettings, api: Api | None) -> int:
    """The lifetime of an access token for ``api``, or for the issuer itself."""
    lifetime = (
        settings.access_token_lifetime if api is None else min(api.token_lifetime, settings.access_token_lifetime)
    )
    return min(lifetime, LONGEST)


def id_token_lifetime(settings: IssuerSettings) -> int:
    """The lifetime of an ID token."""
    return min(settings.id_token_lifetime, LONGEST)
