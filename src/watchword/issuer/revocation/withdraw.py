"""Withdraw trust: the effect, its audit row and its journal rows in the caller's one transaction.

Each function moves the journal's head last, because that row is locked until the commit. Inside the issuer the effect
holds from the commit on; verifiers elsewhere learn it from the journal.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from watchword.failpoints import failpoint
from watchword.issuer.keys.compromise import compromise
from watchword.issuer.keys.generation import NewKey
from watchword.issuer.revocation.status_place import place_in
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.oauth.revocation import ROW_LEEWAY, journal_digest
from watchword.store.repositories import consents, epochs, grants, journal, sessions, status_lists
from watchword.store.repositories.audit import Actor, AuditEntry, record
from watchword.store.repositories.epochs import EpochKind
from watchword.store.repositories.journal import JournalKind, NewEntry
from watchword.store.tables import client_sessions, installation

# Seconds, a hundred years: whoever has a stolen key says when their tokens end, and a verifier that was given its keys,
# or cannot fetch others, goes on believing that key.
_FOR_EVER = 100 * 365 * 86_400


def grant(connection: Connection, grant_id: str, *, reason: str, actor: Actor, now: float) -> bool:
    """Revoke a grant, with it its code, refresh and access tokens (``gid``); False if it was revoked already."""
    if not grants.revoke(connection, grant_id, reason=reason, now=now):
        return False
    record(connection, AuditEntry(now, actor, "grant.revoked", "grant", grant_id, {"reason": reason}))
    _tell(connection, "grant", [grant_id], now=now)
    return True


def session(connection: Connection, session_id: str, *, reason: str, actor: Actor, now: float) -> bool:
    """End a session and the grants that end with it; False if it had ended. Offline grants live on."""
    if not sessions.end(connection, session_id, now=now):
        return False
    revoked = grants.revoke_of_session(connection, session_id, reason=reason, now=now)
    record(
        connection,
        AuditEntry(now, actor, "session.ended", "session", session_id, {"reason": reason, "grants": len(revoked)}),
    )
    names = select(client_sessions.c.sid).where(client_sessions.c.session_id == session_id)
    _tell(connection, "session", connection.execute(names).scalars().all(), now=now)
    return True


def consent(connection: Connection, *, user_id: str, client_id: str, reason: str, actor: Actor, now: float) -> bool:
    """Withdraw what a user allowed a client, offline grants too; False if there was nothing."""
    was_remembered = consents.withdraw(connection, user_id, client_id)
    revoked = grants.revoke_of_consent(connection, user_id=user_id, client_id=client_id, reason=reason, now=now)
    if not was_remembered and not revoked:
        return False
    details = {"reason": reason, "client": client_id, "grants": len(revoked)}
    record(connection, AuditEntry(now, actor, "consent.withdrawn", "user", user_id, details))
    _tell(connection, "grant", revoked, now=now)
    return True


def subject(connection: Connection, user_id: str, *, reason: str, actor: Actor, now: float) -> int:
    """End everything a user holds: sessions, grants, tokens; returns the epoch from which tokens are good again."""
    sessions.end_all_of(connection, user_id, now)
    grants.revoke_of_user(connection, user_id, reason=reason, now=now)
    return _raise_epoch(connection, "subject", user_id, "user", reason=reason, actor=actor, now=now)


def client(connection: Connection, client_id: str, *, reason: str, actor: Actor, now: float) -> int:
    """Refuse every token and every refresh token made for a client until now; returns the new epoch.

    Its grants are not touched one by one: each carries its epochs and is refused for them (R09).
    """
    return _raise_epoch(connection, "client", client_id, "client", reason=reason, actor=actor, now=now)


def everything(connection: Connection, *, reason: str, actor: Actor, now: float) -> int:
    """Refuse every token and every refresh token made until now, whosesoever; returns the new epoch."""
    return _raise_epoch(connection, "all", "", "issuer", reason=reason, actor=actor, now=now)


def token(connection: Connection, jti: str, expires_at: float, *, reason: str, actor: Actor, now: float) -> bool:
    """Refuse one access token by its ``jti`` until ``expires_at`` (UTC epoch seconds); False if it was already.

    A Token Status List has one place for all tokens of a grant: those made until now are withdrawn there with it.
    """
    digest = journal_digest("token", _issuer(connection), jti)
    if journal.contains(connection, "token", digest):
        return False
    place = place_in(jti)
    if place is not None:
        status_lists.withdraw_place(connection, place, now=now)
    record(connection, AuditEntry(now, actor, "token.revoked", "token", jti, {"reason": reason}))
    journal.append(connection, [NewEntry("token", digest, expires_at + ROW_LEEWAY)], now=now)
    return True


def key(
    connection: Connection,
    kid: str,
    *,
    reason: str,
    actor: Actor,
    now: float,
    replacement: NewKey | None = None,
) -> bool:
    """Refuse every token, or message of the feed, that a key signed. False if there was nothing to do.

    Its successor signs at once, or ``replacement`` where there is none.
    """
    if compromise(connection, kid, replacement=replacement, reason=reason, actor=actor, now=now) is None:
        return False
    _tell(connection, "key", [kid], now=now)
    failpoint("keys.compromise.before_commit")
    return True


def _raise_epoch(
    connection: Connection, kind: EpochKind, value: str, target: str, *, reason: str, actor: Actor, now: float
) -> int:
    epoch = epochs.advance(connection, kind, value, now=now)
    record(
        connection,
        AuditEntry(now, actor, f"{target}.tokens_revoked", target, value, {"reason": reason, "epoch": epoch}),
    )
    _tell(connection, kind, [value], now=now, epoch=epoch)
    return epoch


def _tell(
    connection: Connection, kind: JournalKind, values: Iterable[str], *, now: float, epoch: int | None = None
) -> None:
    issuer = _issuer(connection)
    until = now + (_FOR_EVER if kind == "key" else LONGEST + ROW_LEEWAY)
    rows = [NewEntry(kind, journal_digest(kind, issuer, value), until, epoch) for value in values]
    if rows:
        journal.append(connection, rows, now=now)


def _issuer(connection: Connection) -> str:
    return str(connection.execute(select(installation.c.issuer)).scalar_one())
