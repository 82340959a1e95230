"""Every setting, beside its default and what it means. The reference and ``config explain`` are made from this."""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from watchword.config import values
from watchword.config.options import Option, option

DAY = 86_400
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Under which name the issuer is known, and where it listens."""

    issuer: str = option(values.issuer_url, text="the issuer's name in every token and its address for browsers")
    hosts: tuple[str, ...] = option(
        values.hosts, default=(), text="further Host names it answers, besides the issuer's own (else 421)"
    )
    listen: str = option(values.text, default="127.0.0.1", text="the address it listens on")
    port: int = option(values.port, default=8400, text="the port it listens on")
    tls_certificate: str | None = option(
        values.path, default=None, text="PEM file with the certificate chain; read again when it is renewed"
    )
    tls_key: str | None = option(values.path, default=None, text="PEM file with the certificate's private key")
    trusted_proxies: tuple[str, ...] = option(
        values.networks, default=(), text="addresses whose X-Forwarded-For is believed"
    )
    workers: int = option(values.count, default=1, text="processes of `serve` that answer requests")
    management_listen: str = option(values.text, default="127.0.0.1", text="the address metrics and checks are told at")
    management_port: int | None = option(
        values.port, default=None, text="the port of /metrics, /healthz and /readyz with every check; off without it"
    )
    management_token: str | None = option(
        values.secret, default=None, secret=True, text="what /metrics asks for as a bearer token; must, off loopback"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where records are kept."""

    url: str = option(
        values.database_url, secret=True, text="sqlite:////path/to/file or postgresql://user:password@host/name"
    )
    witness_file: str | None = option(
        values.path,
        default=None,
        text="file outside the database that tells when an older copy was put back (SQLite: beside it, unless set)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The master key that seals private keys, and the rotation of signing keys."""

    master_key_file: str | None = option(
        values.path, default=None, text="file with the master key, readable by its owner alone"
    )
    master_key: str | None = option(
        values.secret, default=None, secret=True, text="the master key itself, base64url (in the environment only)"
    )
    previous_master_key_file: str | None = option(
        values.path, default=None, text="file with the master key that is being left, until `watchword keys reseal`"
    )
    kms: str | None = option(
        values.key_provider, default=None, text="the service that wraps the master key, instead of a file: aws"
    )
    aws_kms_key_id: str | None = option(
        values.text, default=None, text="key id, ARN or alias of the key in AWS KMS that wraps the master key"
    )
    aws_region: str | None = option(values.text, default=None, text="where that key is, unless AWS_REGION says so")
    lifetime: int = option(
        values.seconds, default=30 * DAY, text="how long a key signs before its successor takes over"
    )
    jwks_max_age: int = option(values.seconds, default=300, text="how long others may keep the published keys")
    refresh: int = option(values.seconds, default=10, text="how soon every process knows of a change of keys")
    algorithms: tuple[str, ...] = option(
        values.algorithms,
        default=("ES256", "RS256"),
        text="signs the tokens of a new installation; later: `watchword keys algorithm`",
    )
    access_token_algorithm: str = option(
        values.algorithm, default="ES256", text="signs a new installation's access tokens; one of keys.algorithms"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """How long what the issuer hands out is good for."""

    access_token_lifetime: int = option(values.seconds, default=300, text="access tokens")
    id_token_lifetime: int = option(values.seconds, default=300, text="ID tokens")
    code_lifetime: int = option(values.seconds, default=60, text="authorization codes")
    refresh_lifetime: int = option(values.seconds, default=30 * DAY, text="refresh tokens of one grant, all together")
    refresh_idle: int = option(values.seconds, default=14 * DAY, text="one refresh token that nobody uses")
    refresh_grace: int = option(
        values.seconds, default=10, text="in which a lost answer to a refresh may be asked for again"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """How long a browser stays signed in."""

    lifetime: int = option(values.seconds, default=12 * 3600, text="a session, at most")
    idle: int = option(values.seconds, default=2 * 3600, text="a session that nobody uses")
    interaction_lifetime: int = option(values.seconds, default=600, text="a sign-in that was begun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Who may have withdrawn trust pushed to them; everybody may poll."""

    push: bool = option(
        values.switch, default=True, text="whether withdrawn trust is pushed; else services poll, every five seconds"
    )
    streams_per_credential: int = option(
        values.count, default=100, text="event streams that one API's credentials may have open in one process"
    )
    streams_per_address: int = option(
        values.count, default=100, text="event streams that may be open from one address to one process"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Who is told what happens inside a request."""

    traces_endpoint: str | None = option(
        values.base_url,
        default=None,
        text="where traces are sent by OTLP/HTTP, such as http://localhost:4318/v1/traces",
    )
    log_level: str = option(values.log_level, default="info", text="what is logged, from debug, info or warning on")
    trace_percent: int = option(values.percent, default=100, text="how many requests in a hundred are traced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """The first administrator, made without a set-up link."""

    email: str | None = option(
        values.text, default=None, text="e-mail address of the administrator to make when there is none"
    )
    password: str | None = option(
        values.secret, default=None, secret=True, file_only=True, text="that administrator's first password"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What ``watchword up`` runs beside the issuer."""

    demo_url: str | None = option(values.base_url, default=None, text="the demo API")
    cli_client_id: str | None = option(values.text, default=None, text="the client that `watchword login` uses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the server is told; built by `watchword.config.load`."""

    server: Server
    database: Database
    keys: Keys
    tokens: Tokens
    sessions: Sessions
    revocation: Revocation
    telemetry: Telemetry
    admin: Admin
    local: Local

    @property
    def is_local(self) -> bool:
        """A plain-http issuer on this machine's loopback: for development, never for others."""
        parts = urlsplit(self.server.issuer)
        return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS

    @property
    def witness_file(self) -> Path | None:
        """Where the witness remembers; for SQLite beside the data file unless it is set."""
        if self.database.witness_file is not None:
            return Path(self.database.witness_file)
        return None if self.data_file is None else self.data_file.with_name(self.data_file.name + ".witness")

    @property
    def data_file(self) -> Path | None:
        """SQLite's data file; None for another database."""
        url = self.database.url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every Host name it answers, the issuer's own first."""
        return tuple(dict.fromkeys((urlsplit(self.server.issuer).netloc, *self.server.hosts)))


SECTIONS: dict[str, type[Any]] = {
    "server": Server,
    "database": Database,
    "keys": Keys,
    "tokens": Tokens,
    "sessions": Sessions,
    "revocation": Revocation,
    "telemetry": Telemetry,
    "admin": Admin,
    "local": Local,
}


@cache
def all_options() -> tuple[Option, ...]:
    """Every option, in the order of the sections above."""
    return tuple(
        Option(section=section, name=item.name, default=item.default, **_metadata(item.metadata))
        for section, kind in SECTIONS.items()
        for item in fields(kind)
    )


def _metadata(metadata: Any) -> dict[str, Any]:
    return dict(metadata)
