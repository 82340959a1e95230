"""What an issuer may be told. Lifetimes are seconds."""

from dataclasses import dataclass
from urllib.parse import urlsplit

DAY = 86_400


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """One issuer's settings; every limit has the default that ARCHITECTURE gives it.

    Args:
        issuer: what ``iss`` says, byte for byte; links, cookies and audiences derive from it and from nothing else.
        hosts: the ``Host`` values that are answered (O67); the issuer's own is always among them.
        signing_algorithms: what tokens are signed with in an installation that begins; later the records tell.
        access_token_algorithm: the one of them for access tokens whose API chooses none.
        status_list_size: how many places a Token Status List has; one in a hundred withdrawn, a million take 14 kB.
        local: a plain-http issuer on loopback, for trying things out; cookies then lack ``Secure``.
    """

    issuer: str
    hosts: tuple[str, ...] = ()
    local: bool = False
    access_token_lifetime: int = 300
    id_token_lifetime: int = 300
    code_lifetime: int = 60
    refresh_lifetime: int = 30 * DAY
    refresh_idle: int = 14 * DAY
    refresh_grace: int = 10
    session_lifetime: int = 12 * 3600
    session_idle: int = 2 * 3600
    interaction_lifetime: int = 600
    jwks_max_age: int = 300
    key_refresh: int = 10
    key_lifetime: int = 30 * DAY
    signing_algorithms: tuple[str, ...] = ("ES256", "RS256")
    access_token_algorithm: str = "ES256"  # noqa: S105  the name of an algorithm
    push: bool = True
    status_list_size: int = 1_000_000
    streams_per_credential: int = 100
    streams_per_address: int = 100
    trusted_proxies: tuple[str, ...] = ()
    cli_client_id: str | None = None
    demo_url: str | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port of the issuer: what browsers send as ``Origin``."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        """Host and port of the issuer."""
        return urlsplit(self.issuer).netloc

    @property
    def answered_hosts(self) -> frozenset[str]:
        """Every ``Host`` that is answered."""
        return frozenset({self.host, *self.hosts})

    def url(self, path: str) -> str:
        """The address of one of the issuer's paths."""
        return self.issuer.rstrip("/") + path
