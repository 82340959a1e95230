"""Access tokens: signed JWTs for one audience. https://www.rfc-editor.org/rfc/rfc9068#section-2"""

from dataclasses import dataclass
from typing import Any

from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.issued import IssuedToken
from watchword.jose import Key, jwt
from watchword.oauth.scope import format_scope
from watchword.store.identifiers import new_id
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.grants import Grant

TYP = "at+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenContent:
    """What one access token says. ``grant`` is None for a client that speaks for itself; ``lifetime`` is in seconds."""

    subject: str
    client_id: str
    audience: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    epochs: Epochs
    lifetime: int
    grant: Grant | None = None


def access_token(settings: IssuerSettings, key: Key, content: AccessTokenContent, *, now: float) -> IssuedToken:
    """Sign an access token.

    Args:
        settings: who issues it.
        key: the active key of the algorithm that the API chose.
        content: what it says.
        now: UTC epoch seconds.
    """
    issued_at = int(now)
    claims: dict[str, Any] = {
        "iss": settings.issuer,
        "sub": content.subject,
        "aud": content.audience,
        "client_id": content.client_id,
        "iat": issued_at,
        "exp": issued_at + content.lifetime,
        "jti": new_id(),
        "scope": format_scope(content.scopes),
        "roles": list(content.roles),
        "ww_epoch": list(content.epochs),
    }
    if content.grant is not None:
        claims |= _authorization(content.grant)
    return IssuedToken(jwt.encode(claims, key, typ=TYP), content.lifetime)


def _authorization(grant: Grant) -> dict[str, Any]:
    claims: dict[str, Any] = {"gid": grant.id}
    if grant.sid is not None:
        claims["sid"] = grant.sid
    if grant.auth_time is not None:
        claims["auth_time"] = int(grant.auth_time)
    if grant.acr is not None:
        claims["acr"] = grant.acr
    if grant.amr:
        claims["amr"] = list(grant.amr)
    return claims
