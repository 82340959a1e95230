"""Audit rows in words: what was done, by whom and to what, each with the way to it."""

from collections.abc import Iterable, Mapping
from typing import Any

from watchword.admin.audit_trail import Trail
from watchword.admin.records import Actor, AuditEntry
from watchword.console import paths
from watchword.console.moments import moment

WORDS: Mapping[str, str] = {
    "api.changed": "API changed",
    "api.created": "API created",
    "api.moved": "API moved to another address",
    "api.scope_added": "Scope added to an API",
    "api.scope_described": "Scope of an API described otherwise",
    "api.scopes_added": "Scopes added to an API",
    "api.secret_changed": "API given a new secret",
    "api.signing_alg_changed": "Access tokens for an API signed otherwise",
    "api.status_list_begun": "Access tokens for an API given places in a status list",
    "api.status_list_ended": "Access tokens for an API given no more places in a status list",
    "api.updated": "API changed",
    "client.created": "Client created",
    "client.deleted": "Client deleted",
    "client.disabled": "Client disabled",
    "client.enabled": "Client enabled",
    "client.id_token_alg_changed": "ID tokens of a client signed otherwise",
    "client.mended": "Risky setting of a client mended",
    "client.roles_added": "Roles given to a client",
    "client.scopes_added": "Scopes given to a client",
    "client.secret_changed": "Client given a new secret",
    "client.tokens_revoked": "Everything a client held refused",
    "client.updated": "Client changed",
    "consent.given": "Consent given",
    "consent.withdrawn": "Consent withdrawn",
    "grant.created": "Access granted",
    "grant.revoked": "Access withdrawn",
    "issuer.key_wrapped": "Master key wrapped by a key management service",
    "issuer.renamed": "Issuer renamed",
    "issuer.resealed": "Everything sealed under another master key",
    "issuer.restored": "Restore from a backup acknowledged",
    "issuer.tokens_revoked": "Everything refused, whosesoever",
    "key.activated": "Key signs from now on",
    "key.algorithm_added": "Signing algorithm added",
    "key.algorithm_default": "Signing algorithm made the default",
    "key.algorithm_removed": "Signing algorithm removed",
    "key.compromised": "Key declared compromised",
    "key.published": "Key published",
    "key.retired": "Key no longer published",
    "key.retiring": "Key signs no more",
    "session.begin": "Signed in",
    "session.ended": "Signed out",
    "setup_link.created": "Set-up link made",
    "token.revoked": "Access token refused",
    "user.claims_changed": "What is known of a user changed",
    "user.created": "User created",
    "user.disabled": "User disabled",
    "user.enabled": "User enabled",
    "user.password_changed": "Password changed",
    "user.role_added": "Role given",
    "user.role_removed": "Role taken away",
    "user.roles_added": "Roles given to a user",
    "user.tokens_revoked": "Everything a user held refused",
}
_PAGES = {"user": paths.USERS, "client": paths.CLIENTS, "api": paths.APIS}
_KINDS = {
    "user": "User", "client": "Client", "api": "API", "key": "Key", "key_algorithm": "Algorithm", "grant": "Grant",
    "session": "Session", "token": "Token", "issuer": "Issuer", "setup_link": "Set-up link", "mail": "Mail",
}  # fmt: skip


def words(action: str) -> str:
    """What ``action`` says; its own name where there are no words for it yet."""
    return WORDS.get(action, action)


def rows(trail: Trail) -> list[dict[str, Any]]:
    """Each entry for a template."""
    return [_row(entry, trail.names) for entry in trail.entries]


def _row(entry: AuditEntry, names: Mapping[str, str]) -> dict[str, Any]:
    url = _url(entry.target_kind, entry.target_id)
    return {
        "id": entry.id,
        "at": moment(entry.at),
        "action": entry.action,
        "words": words(entry.action),
        "actor": _actor(entry.actor, names),
        "actor_url": _url(entry.actor.kind, entry.actor.id or ""),
        "is_named": entry.target_id in names,
        "target": names.get(entry.target_id, entry.target_id),
        "target_kind": _KINDS.get(entry.target_kind, entry.target_kind),
        "target_id": entry.target_id,
        "target_url": url,
        "details": list(_details(entry)),
    }


def _actor(actor: Actor, names: Mapping[str, str]) -> str:
    if actor.kind == "operator":
        return "Operator at the terminal"
    if actor.kind == "system":
        return "Watchword itself"
    return names.get(actor.id or "", actor.id or actor.kind)


def _url(kind: str, identifier: str) -> str:
    """Where the console shows it; empty where it does not."""
    if kind in {"key", "key_algorithm"}:
        return paths.KEYS
    return f"{_PAGES[kind]}/{identifier}" if kind in _PAGES and identifier else ""


def _details(entry: AuditEntry) -> Iterable[tuple[str, str]]:
    for name, value in entry.details.items():
        yield name.replace("_", " "), _text(value)
    if entry.actor.correlation_id is not None:
        yield "request", entry.actor.correlation_id
    yield "action", entry.action


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
