"""A user's record in words."""

import json
from collections.abc import Mapping
from typing import Any

from watchword.admin.records import Consent, Grant, Session, User
from watchword.admin.user_review import UserFile
from watchword.console.moments import moment
from watchword.console.paths import CLIENTS

_STATUS = {"active": "Active", "disabled": "Disabled", "locked": "Locked", "reset": "Must set a password"}
_FACTORS = {"pwd": "a password", "otp": "a one-time code", "hwk": "a passkey"}


def status(user: User) -> dict[str, Any]:
    """Whether they may sign in, and in a word why not."""
    return {"status": _STATUS[user.status], "is_active": user.is_active}


def claims(user: User) -> list[dict[str, str]]:
    """What is known of them, and is put into ID tokens when a scope asks for it."""
    told = [{"name": "preferred_username", "text": user.username}]
    if user.email is not None:
        verified = "" if user.email_verified_at is not None else " (not verified)"
        told.append({"name": "email", "text": f"{user.email}{verified}"})
    told.extend({"name": name, "text": _text(value)} for name, value in sorted(user.claims.items()))
    return told


def sessions(file: UserFile) -> list[dict[str, Any]]:
    """Where they are signed in."""
    return [_session(session) for session in file.sessions]


def consents(file: UserFile) -> list[dict[str, Any]]:
    """What they allowed which client."""
    return [_consent(consent, file.client_names) for consent in file.consents]


def grants(file: UserFile) -> list[dict[str, Any]]:
    """What clients hold in their name now."""
    return [_grant(grant, file.client_names) for grant in file.grants]


def _session(session: Session) -> dict[str, Any]:
    factors = " and ".join(_FACTORS.get(factor, factor) for factor in session.amr) or "unknown means"
    return {
        "factors": factors,
        "began": moment(session.created_at),
        "seen": moment(session.last_seen_at),
        "ends": moment(session.expires_at),
    }


def _consent(consent: Consent, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "client_id": consent.client_id,
        "client": names.get(consent.client_id, consent.client_id),
        "client_url": f"{CLIENTS}/{consent.client_id}",
        "scopes": list(consent.scopes),
        "at": moment(consent.granted_at),
    }


def _grant(grant: Grant, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "client": names.get(grant.client_id, grant.client_id),
        "client_url": f"{CLIENTS}/{grant.client_id}",
        "scopes": list(grant.scopes),
        "is_offline": grant.offline,
        "at": moment(grant.created_at),
        "ends": moment(grant.expires_at),
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
