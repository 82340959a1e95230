"""Scope strings: https://www.rfc-editor.org/rfc/rfc6749#section-3.3"""

import re
from collections.abc import Iterable

from watchword.oauth.errors import InvalidScopeError

MAX_LENGTH = 4096

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+\Z")

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"

# Which standard claims each scope asks for: https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
CLAIMS_OF_SCOPE: dict[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}

# What the issuer itself understands; every other scope belongs to an API.
STANDARD_SCOPES: dict[str, str] = {
    OPENID: "Know who you are",
    "profile": "See your name and profile",
    "email": "See your e-mail address",
    "address": "See your postal address",
    "phone": "See your phone number",
    OFFLINE_ACCESS: "Keep this access while you are away",
}


def parse_scope(text: str | None) -> tuple[str, ...]:
    """The scopes in ``text``, each once, in the order in which they came.

    Raises:
        InvalidScopeError: a character that the grammar does not allow, or more than 4096 characters.
    """
    if text is None:
        return ()
    if len(text) > MAX_LENGTH:
        raise InvalidScopeError
    scopes = tuple(dict.fromkeys(text.split(" "))) if text else ()
    scopes = tuple(scope for scope in scopes if scope)
    if not all(_TOKEN.match(scope) for scope in scopes):
        raise InvalidScopeError("the scope holds characters that are not allowed")
    return scopes


def format_scope(scopes: Iterable[str]) -> str:
    """The scopes as one string."""
    return " ".join(scopes)


def is_scope_token(text: str) -> bool:
    """Whether ``text`` may be the name of one scope."""
    return _TOKEN.match(text) is not None
