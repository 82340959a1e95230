"""For whom an access token will be: one audience, always (O38). https://www.rfc-editor.org/rfc/rfc8707#section-2.2"""

from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.issuer.settings import IssuerSettings
from watchword.oauth.errors import InvalidTargetError
from watchword.oauth.parameters import Parameters
from watchword.oauth.resource import check_resource
from watchword.oauth.scope import OPENID, STANDARD_SCOPES
from watchword.store.repositories import apis
from watchword.store.repositories.apis import Api
from watchword.store.repositories.grants import Grant


@dataclass(frozen=True, slots=True)
class Target:
    """An audience; ``api`` is None when it is the issuer itself (userinfo)."""

    audience: str
    api: Api | None

    def understood(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``scopes`` that mean something there (RFC 9068 section 3)."""
        known = frozenset(STANDARD_SCOPES) if self.api is None else self.api.scope_names
        return tuple(scope for scope in scopes if scope in known)


def requested_resource(parameters: Parameters) -> str | None:
    """The one resource that a token request names, or None.

    Raises:
        InvalidTargetError: it names several, or one that no API could have.
    """
    resources = parameters.all("resource")
    if len(resources) > 1:
        raise InvalidTargetError("an access token is for one resource at a time")
    return check_resource(resources[0]) if resources else None


def target_of_grant(connection: Connection, settings: IssuerSettings, grant: Grant, *, requested: str | None) -> Target:
    """The audience of a token under ``grant``: the requested one of those that were granted.

    The issuer itself, where userinfo is, may always be asked for when ``openid`` was granted.

    Raises:
        InvalidTargetError: it was not granted, is unknown, or several were granted and none is named.
    """
    if requested is None:
        if len(grant.resources) > 1:
            raise InvalidTargetError("several resources were granted: name the one this token is for")
        requested = grant.resources[0] if grant.resources else settings.issuer
    elif requested not in grant.resources and not (requested == settings.issuer and OPENID in grant.scopes):
        raise InvalidTargetError
    return find_target(connection, settings, requested)


def find_target(connection: Connection, settings: IssuerSettings, identifier: str) -> Target:
    """The audience called ``identifier``.

    Raises:
        InvalidTargetError: there is no such API, or it is disabled.
    """
    if identifier == settings.issuer:
        return Target(identifier, None)
    api = apis.find(connection, identifier)
    if api is None or api.status != "active":
        raise InvalidTargetError
    return Target(identifier, api)
