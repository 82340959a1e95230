"""Whether an access token of ours is good now, as the records say: the same second it is withdrawn, it is not.

Verifiers elsewhere rely on the signature, the expiry and the journal; inside the issuer every source is asked, and
all must agree (O32).
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from watchword.issuer.context import Issuer
from watchword.issuer.gate import subject_may_receive_tokens
from watchword.issuer.tokens.access_token import TYP
from watchword.jose import JOSEError, SignedClaims, jwt
from watchword.jose.algorithms import ASYMMETRIC
from watchword.oauth.revocation import journal_digest
from watchword.oauth.scope import parse_scope
from watchword.store.repositories import grants, journal, signing_keys
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.grants import Grant


@dataclass(frozen=True, slots=True)
class LiveToken:
    """An access token of ours that is good now. ``grant`` is None for a client that speaks for itself."""

    claims: dict[str, Any]
    grant: Grant | None

    @property
    def audience(self) -> str:
        """Whom it is for."""
        return str(self.claims["aud"])

    @property
    def client_id(self) -> str:
        """Who received it."""
        return str(self.claims["client_id"])

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it allows."""
        return parse_scope(str(self.claims["scope"]))


async def signed_by_us(issuer: Issuer, text: str) -> SignedClaims | None:
    """The claims of an access token that one of our published keys signed, expired or not; else None."""
    try:
        signed = jwt.decode(text, await issuer.keys.published_keys(), algorithms=ASYMMETRIC, typ=TYP)
    except JOSEError:
        return None
    # Our keys sign nothing else of this type, so that from here on the claims have the shape we gave them.
    return signed if signed.get("iss") == issuer.settings.issuer else None


async def find_live(issuer: Issuer, text: str) -> LiveToken | None:
    """The access token, when it is good now; else None.

    Raises:
        StoreUnavailableError: the records do not answer.
    """
    signed = await signed_by_us(issuer, text)
    now = issuer.clock.now()
    if signed is None or now >= signed["exp"]:
        return None
    return await issuer.store.read(partial(_find, issuer=issuer.settings.issuer, signed=signed))


def _find(connection: Connection, *, issuer: str, signed: SignedClaims) -> LiveToken | None:
    key = signing_keys.find(connection, str(signed.header.kid))
    if key is None or key.state == "compromised":
        return None
    if journal.contains(connection, "token", journal_digest("token", issuer, signed["jti"])):
        return None
    user_id, session_id, grant = None, None, None
    if "gid" in signed:
        grant = grants.find(connection, signed["gid"])
        if grant is None or grant.revoked_at is not None:
            return None
        user_id = grant.user_id
        session_id = None if grant.offline else grant.session_id
    epochs = subject_may_receive_tokens(
        connection, user_id=user_id, client_id=signed["client_id"], session_id=session_id
    )
    if epochs is None or Epochs(*signed["ww_epoch"]).are_behind(epochs):
        return None
    return LiveToken(dict(signed.claims), grant)
