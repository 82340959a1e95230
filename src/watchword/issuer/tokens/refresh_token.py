"""Refresh tokens: opaque, 256 bit, kept as digests, in families.

The text of a successor is derived from its parent's, so that an answer that was lost can be given again without any
token being stored (R06). The parent alone does not give it away: the HMAC key stays in the issuer.
"""

import base64
import hashlib
import hmac

from sqlalchemy import Connection

from watchword.issuer.settings import IssuerSettings
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.repositories import refresh_tokens
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.refresh_tokens import RefreshToken

PREFIX = "wwr"


def begin_family(connection: Connection, settings: IssuerSettings, grant: Grant, *, now: float) -> str:
    """Store and return the first refresh token of ``grant``."""
    text = new_bearer(PREFIX)
    _store(connection, settings, grant, text, generation=0, now=now)
    return text


def add_successor(
    connection: Connection, settings: IssuerSettings, grant: Grant, text: str, *, parent: RefreshToken, now: float
) -> None:
    """Store ``text`` as the successor of ``parent``, which the caller has just used."""
    _store(connection, settings, grant, text, generation=parent.generation + 1, now=now)


def successor_of(secret: bytes, parent: str) -> str:
    """The text of the one token that may follow ``parent``.

    Args:
        secret: the server secret ``refresh``.
        parent: the text of the token that is being used.
    """
    derived = hmac.new(secret, parent.encode(), hashlib.sha256).digest()
    return f"{PREFIX}_{base64.urlsafe_b64encode(derived).rstrip(b'=').decode()}"


def idle_limit(settings: IssuerSettings, grant: Grant, *, now: float) -> float:
    """Until when a token used or made at ``now`` may lie unused; never beyond the grant's absolute limit."""
    return min(now + settings.refresh_idle, grant.expires_at)


def _store(
    connection: Connection, settings: IssuerSettings, grant: Grant, text: str, *, generation: int, now: float
) -> None:
    token = RefreshToken(
        token_hash=digest(text),
        grant_id=grant.id,
        client_id=grant.client_id,
        generation=generation,
        created_at=now,
        expires_at=idle_limit(settings, grant, now=now),
    )
    refresh_tokens.create(connection, token)
