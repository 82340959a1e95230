"""Access tokens: signed JWTs for one audience. https://www.rfc-editor.org/rfc/rfc9068#section-2"""

from dataclasses import dataclass
from typing import Any

from watchword.issuer.revocation.status_place import new_jti, status_of
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.issued import IssuedToken
from watchword.jose import Key, jwt
from watchword.oauth.scope import format_scope
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.status_lists import Place

TYP = "at+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenContent:
    """What one access token says. ``grant`` is None for a client that speaks for itself; ``lifetime`` is in seconds.

    ``place`` is where a Token Status List tells of it; None where its API has none.
    """

    subject: str
    client_id: str
    audience: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    epochs: Epochs
    lifetime: int
    grant: Grant | None = None
    place: Place | None = None


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
        "jti": new_jti(content.place),
        "scope": format_scope(content.scopes),
        "roles": list(content.roles),
        "ww_epoch": list(content.epochs),
    }
    if content.grant is not None:
        claims |= _authorization(content.grant)
    if content.place is not None:
        claims["status"] = status_of(settings, content.place)
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
