"""Which facts about a user a client learns. https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from watchword.oauth.scope import CLAIMS_OF_SCOPE
from watchword.store.repositories.clients import Client
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.users import User

Place = Literal["userinfo", "id_token"]


def claims_of_scopes(user: User, scopes: Iterable[str]) -> dict[str, Any]:
    """The claims of ``user`` that ``scopes`` ask for; those without a value are left out."""
    names = [name for scope in scopes for name in CLAIMS_OF_SCOPE.get(scope, ())]
    return _values(user, names)


def requested_claims(
    user: User, client: Client, grant: Grant, place: Literal["userinfo", "id_token"]
) -> dict[str, Any]:
    """The claims that the ``claims`` parameter of the authorization request names for ``place``.

    https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter

    A name is granted only with its scope. Where the operator made the client, no consent page stands between, and a
    scope it is registered for is enough; from any other client the user must have granted the scope.
    """
    requested = grant.claims.get(place)
    if not isinstance(requested, Mapping):
        return {}
    scopes = {*grant.scopes, *(client.scopes if client.origin == "operator" else ())}
    allowed = {name for scope in scopes for name in CLAIMS_OF_SCOPE.get(scope, ())}
    return _values(user, [name for name in requested if name in allowed])


def _values(user: User, names: Iterable[str]) -> dict[str, Any]:
    known = {
        "preferred_username": user.username,
        **user.claims,
        "email": user.email,
        "email_verified": None if user.email is None else user.email_verified_at is not None,
    }
    return {name: known[name] for name in names if known.get(name) is not None}
