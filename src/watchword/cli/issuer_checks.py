"""An issuer as a service sees it: can it be reached, and do its documents agree with one another?"""

from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from watchword.fetch import FetchError, get_json
from watchword.jose import JOSEError, KeySet

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was looked at; ``next_step`` says what to do, when there is something to do."""

    what: str
    verdict: Literal["ok", "warning", "problem"]
    found: str
    next_step: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def look_from_outside(issuer: str) -> list[Seen]:
    """Fetch what every verifier fetches, and compare."""
    try:
        document = get_json(issuer.rstrip("/") + "/.well-known/openid-configuration").value
    except FetchError as error:
        return [Seen("reachable", "problem", f"{issuer}: {error.sentence}", "start it, or look at the address")]
    seen = [Seen("reachable", "ok", issuer), _name(document, issuer)]
    seen.extend(_endpoints(document, issuer))
    seen.append(_keys(document))
    return seen


def _name(document: dict[str, Any], issuer: str) -> Seen:
    if document.get("issuer") == issuer:
        return Seen("discovery", "ok", "says the same name")
    return Seen(
        "discovery",
        "problem",
        f"the document names another issuer: {document.get('issuer')!r}",
        "use that name exactly; tokens carry it byte for byte",
    )


def _endpoints(document: dict[str, Any], issuer: str) -> list[Seen]:
    missing = [name for name in _ENDPOINTS if not isinstance(document.get(name), str)]
    seen = [Seen("endpoints", "problem", f"missing: {', '.join(missing)}")] if missing else []
    own = urlsplit(issuer)
    if own.scheme == "https":
        plain = [name for name in _ENDPOINTS if urlsplit(str(document.get(name, ""))).scheme == "http"]
        if plain:
            seen.append(Seen("endpoints", "problem", f"plain http: {', '.join(plain)}"))
    return seen or [Seen("endpoints", "ok", "all there")]


def _keys(document: dict[str, Any]) -> Seen:
    try:
        found = get_json(str(document.get("jwks_uri"))).value
        keys = KeySet.from_dict(found)
    except FetchError as error:
        return Seen("public keys", "problem", error.sentence)
    except JOSEError as error:
        return Seen("public keys", "problem", error.sentence)
    algorithms = sorted({str(key.alg) for key in keys})
    if not algorithms:
        return Seen("public keys", "problem", "there are none", "look at `watchword keys list`")
    return Seen("public keys", "ok", f"{len(list(keys))} usable: {', '.join(algorithms)}")
