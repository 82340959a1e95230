"""Access tokens in the shape of each profile, as `watchword.verify.profiles` reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Draft:
    """What a token is to say, whichever issuer's way of saying it.

    Args:
        subject: whom it speaks for; the client itself for a client that acts for itself.
        client: who got it.
        audience: for which API.
        scopes: what was granted.
        roles: what the subject is.
    """

    subject: str
    client: str
    audience: str
    scopes: Sequence[str]
    roles: Sequence[str]

    @property
    def is_client(self) -> bool:
        """Whether a client acts for itself."""
        return self.subject == self.client

    @property
    def words(self) -> str:
        """The scopes as most issuers write them."""
        return " ".join(self.scopes)


Shape = Callable[[Draft], tuple[str, dict[str, Any]]]


def _rfc9068(draft: Draft) -> tuple[str, dict[str, Any]]:
    claims: dict[str, Any] = {"aud": draft.audience, "sub": draft.subject, "client_id": draft.client}
    if draft.scopes:
        claims["scope"] = draft.words
    if draft.roles:
        claims["roles"] = list(draft.roles)
    return "at+jwt", claims


def _auth0(draft: Draft) -> tuple[str, dict[str, Any]]:
    person = draft.subject if "|" in draft.subject else f"auth0|{draft.subject}"
    subject = f"{draft.client}@clients" if draft.is_client else person
    claims = {"aud": draft.audience, "sub": subject, "azp": draft.client, "scope": draft.words}
    return "JWT", {**claims, "permissions": list(draft.roles)}


def _keycloak(draft: Draft) -> tuple[str, dict[str, Any]]:
    claims: dict[str, Any] = {"aud": draft.audience, "sub": draft.subject, "azp": draft.client, "scope": draft.words}
    claims |= {"typ": "Bearer", "realm_access": {"roles": list(draft.roles)}}
    return "JWT", claims | ({"clientAddress": "127.0.0.1"} if draft.is_client else {})


def _entra(draft: Draft) -> tuple[str, dict[str, Any]]:
    claims: dict[str, Any] = {"aud": draft.audience, "sub": draft.subject, "oid": draft.subject, "ver": "2.0"}
    claims |= {"azp": draft.client, "azpacr": "1", "roles": list(draft.roles)}
    return "JWT", claims | ({"idtyp": "app"} if draft.is_client else {"scp": draft.words})


def _okta(draft: Draft) -> tuple[str, dict[str, Any]]:
    claims: dict[str, Any] = {"aud": draft.audience, "sub": draft.subject, "cid": draft.client, "ver": 1}
    claims |= {"scp": list(draft.scopes), "groups": list(draft.roles)}
    return "JWT", claims | ({} if draft.is_client else {"uid": draft.subject})


def _cognito(draft: Draft) -> tuple[str, dict[str, Any]]:
    claims: dict[str, Any] = {"aud": draft.audience, "sub": draft.subject, "client_id": draft.client}
    claims |= {"token_use": "access", "scope": draft.words, "cognito:groups": list(draft.roles)}
    return "JWT", claims | ({} if draft.is_client else {"username": draft.subject})


def _clerk(draft: Draft) -> tuple[str, dict[str, Any]]:
    """A person's OAuth access token; machines of Clerk's have tokens of another kind."""
    subject = draft.subject if draft.subject.startswith("user_") else f"user_{draft.subject}"
    claims = {"aud": draft.audience, "sub": subject, "client_id": draft.client, "scope": draft.words}
    return "at+jwt", claims


SHAPES: dict[str, Shape] = {
    "rfc9068": _rfc9068,
    "auth0": _auth0,
    "keycloak": _keycloak,
    "entra": _entra,
    "okta": _okta,
    "cognito": _cognito,
    "clerk": _clerk,
}
