"""ID tokens: what the client learns about the sign-in. https://openid.net/specs/openid-connect-core-1_0.html#IDToken"""

from collections.abc import Mapping
from typing import Any

from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.issued import IssuedToken
from watchword.issuer.tokens.lifetime import id_token_lifetime
from watchword.jose import Key, jwt
from watchword.store.repositories.grants import Grant

TYP = "JWT"


def id_token(
    settings: IssuerSettings,
    key: Key,
    *,
    grant: Grant,
    sid: str | None,
    nonce: str | None,
    access_token: IssuedToken,
    user_claims: Mapping[str, Any],
    now: float,
) -> IssuedToken:
    """Sign an ID token.

    Args:
        settings: who issues it.
        key: the active key of the algorithm the client registered.
        grant: the authorization it tells of.
        sid: the client's name for the session.
        nonce: as the authorization request had it; None in an answer to a refresh (Core section 12.2).
        access_token: the token beside it, for ``at_hash``.
        user_claims: facts about the user that belong into it.
        now: UTC epoch seconds.
    """
    assert grant.user_id is not None
    issued_at = int(now)
    lifetime = id_token_lifetime(settings)
    claims: dict[str, Any] = {
        **user_claims,
        "iss": settings.issuer,
        "sub": grant.user_id,
        "aud": grant.client_id,
        "iat": issued_at,
        "exp": issued_at + lifetime,
        "at_hash": jwt.half_hash(access_token.text, key.alg),
    }
    if grant.auth_time is not None:
        claims["auth_time"] = int(grant.auth_time)
    optional = {"nonce": nonce, "acr": grant.acr, "amr": list(grant.amr) or None, "sid": sid}
    claims |= {name: value for name, value in optional.items() if value is not None}
    return IssuedToken(jwt.encode(claims, key, typ=TYP), lifetime)
