"""A client's record in words."""

from collections.abc import Iterable, Sequence
from typing import Any

from watchword.admin.client_health import Finding
from watchword.admin.client_review import ClientFile
from watchword.admin.records import Client

_PROFILES = {
    "oauth2.1": "OAuth 2.1: PKCE for everybody",
    "oidc": "OpenID Connect: clients with a secret may leave PKCE out",
    "mcp": "MCP: for tools of language models",
    "fapi2": "FAPI 2.0: for high value",
}
_ORIGINS = {
    "operator": "An operator: people are not asked to consent, but for lasting access",
    "dynamic": "It registered itself: people are always asked to consent",
    "document": "It published a document about itself: people are always asked to consent",
}
_METHODS = {
    "none": "Not at all: it is public, its id is no secret",
    "client_secret_basic": "By a secret, in the Authorization header",
    "client_secret_post": "By a secret, among the parameters",
    "private_key_jwt": "By a signature with its own key",
}
_GRANTS = {
    "authorization_code": "sign people in",
    "refresh_token": "keep them signed in",
    "client_credentials": "act for itself",
}


def kind(client: Client) -> str:
    """What sort of client it is, in a word or two."""
    if client.is_public:
        return "App or single page"
    return "Web application" if "authorization_code" in client.grant_types else "Machine"


def health(findings: Sequence[Finding]) -> dict[str, Any]:
    """How it is, at a glance: ``risks`` counts what somebody could use against people."""
    risks = sum(finding.check.is_risk for finding in findings)
    notes = len(findings) - risks
    if risks:
        text = f"{risks} risk{'' if risks == 1 else 's'}"
    else:
        text = f"{notes} note{'' if notes == 1 else 's'}" if notes else "In order"
    return {"health": text, "risks": risks, "notes": notes}


def facts(file: ClientFile) -> list[dict[str, Any]]:
    """Everything that is not edited on the page; ``machine`` says that programs exchange it."""
    client = file.client
    return list(_facts(file, client))


def _facts(file: ClientFile, client: Client) -> Iterable[dict[str, Any]]:
    yield _fact("Made by", _ORIGINS[client.origin])
    yield _fact("Held to", _PROFILES[client.profile])
    yield _fact("Proves who it is", _METHODS.get(client.auth_method, client.auth_method))
    yield _fact("May", ", ".join(_GRANTS.get(name, name) for name in client.grant_types) or "nothing")
    if client.api_scopes:
        held = [f"{' '.join(scopes)} at {api}" for api, scopes in client.api_scopes.items()]
        yield _fact("Holds for itself", *held, machine=True)
    if client.default_api is not None:
        yield _fact("API meant when none is named", client.default_api, machine=True)
    if "authorization_code" in client.grant_types:
        yield _fact("ID tokens signed with", client.id_token_alg, machine=True)
        yield _fact("Used", "People have signed in through it" if file.was_used else "Nobody has signed in through it")
    if file.roles:
        yield _fact("Roles", *file.roles, machine=True)


def _fact(label: str, *values: str, machine: bool = False) -> dict[str, Any]:
    return {"label": label, "lines": list(values), "machine": machine}


def findings(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Each finding for a template."""
    return [
        {
            "code": finding.check.code,
            "is_risk": finding.check.is_risk,
            "title": finding.check.title,
            "why": finding.check.why,
            "section": finding.check.where.section,
            "url": finding.check.where.url,
            "lines": list(finding.values),
            "remedy": finding.check.remedy,
            "can_mend": finding.can_mend,
        }
        for finding in found
    ]
