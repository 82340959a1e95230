"""The handful of answers from which everything that `watchword init` writes is made, checked before anything is."""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from watchword.config.options import Reading
from watchword.config.values import issuer_url
from watchword.errors import WatchwordError

TARGETS = ("systemd", "compose", "kubernetes")
DATABASES = ("sqlite", "postgresql")
PROXIES = ("nginx", "caddy", "haproxy", "none")

# What stands in front of Watchword differs by where it runs: each target's own choice comes first.
PROXIES_OF = {"systemd": PROXIES, "compose": ("caddy", "none"), "kubernetes": ("none",)}
DATABASES_OF = {"systemd": DATABASES, "compose": ("postgresql", "sqlite"), "kubernetes": ("postgresql",)}

# The addresses of the compose project are fixed, so that trust in the proxy names one address and no network.
COMPOSE_GATEWAY, COMPOSE_PROXY = "172.30.84.1", "172.30.84.2"

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_EMAIL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?")
_PATH = re.compile(r"(?:/\.?[A-Za-z0-9_][A-Za-z0-9._-]*)+")
_IMAGE = re.compile(r"[a-z0-9]+(?:[._/:-][A-Za-z0-9]+)*(?:@sha256:[0-9a-f]{64})?")


class AnswersError(WatchwordError):
    """Nothing can be made from these answers; ``problems`` holds every reason, one sentence each."""

    code: ClassVar[str] = "usage"

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was asked.

    Args:
        issuer: the URL in every token.
        target: where Watchword runs, one of `TARGETS`.
        database: one of `DATABASES`.
        proxy: what ends TLS, one of `PROXIES`; ``none`` is Watchword itself under systemd, and elsewhere what is
            there already.
        admin_email: of the first administrator.
        trusted_proxy: the address or network that the proxy connects from.
        database_host: where PostgreSQL answers.
        command: the absolute path of the command ``watchword`` under systemd.
        image: the container image elsewhere.
        tls_certificate: the certificate chain; empty where Caddy gets its own.
        tls_key: its private key; empty for HAProxy, which has both in one file.
    """

    issuer: str
    target: str
    database: str
    proxy: str
    admin_email: str
    trusted_proxy: str
    database_host: str
    command: str
    image: str
    tls_certificate: str = ""
    tls_key: str = ""

    @property
    def host(self) -> str:
        """The issuer's host name."""
        return urlsplit(self.issuer).hostname or ""

    @property
    def https_port(self) -> int:
        """The port that browsers come to."""
        return urlsplit(self.issuer).port or 443

    def problems(self) -> list[str]:
        """Every reason, one sentence each, why nothing can be made of this."""
        found = issuer_problems(self.issuer)
        for name, value, known in (
            ("--target", self.target, TARGETS),
            ("--database", self.database, DATABASES_OF.get(self.target, DATABASES)),
            ("--proxy", self.proxy, PROXIES_OF.get(self.target, PROXIES)),
        ):
            if value not in known:
                found.append(f"{name} is one of {', '.join(known)}{'' if known in _ALL else f' with {self.target}'}")
        found.extend(email_problems(self.admin_email))
        found.extend(_proxy_address_problems(self.trusted_proxy))
        if not _is_host(self.database_host):
            found.append("--database-host is a host name or an IPv4 address")
        for name, value in (
            ("--command", self.command), ("--tls-certificate", self.tls_certificate), ("--tls-key", self.tls_key),
        ):  # fmt: skip
            if value and not _PATH.fullmatch(value):
                found.append(f"{name} is an absolute path of letters, digits, dots, dashes and underscores")
        if not _IMAGE.fullmatch(self.image):
            found.append("--image is an image such as registry.example.com/watchword:1.2.0")
        return found

    def check(self) -> None:
        """Make sure that files can be made of this.

        Raises:
            AnswersError: with every problem.
        """
        if problems := self.problems():
            raise AnswersError(*problems)


_ALL = (TARGETS, DATABASES, PROXIES)
_NOWHERE = Path("/")


def as_issuer(text: str) -> str:
    """An issuer URL as typed; a bare host name is meant to be reached by https."""
    stripped = text.strip()
    return stripped if "://" in stripped else f"https://{stripped}"


def issuer_problems(issuer: str) -> list[str]:
    """Why that cannot be the issuer's name."""
    try:
        if issuer_url(issuer, Reading(base=_NOWHERE)) != issuer:
            return ["the issuer must be without spaces around it"]
    except ValueError as error:
        return [f"the issuer {error}"]
    parts = urlsplit(issuer)
    if parts.scheme != "https":
        return ["the issuer must be https: browsers and verifiers refuse anything else in production"]
    if not _HOST.fullmatch(parts.hostname or "") or _is_address(parts.hostname or ""):
        return ["the issuer must be a host name such as auth.example.com: certificates are made out to names"]
    return []


def email_problems(email: str) -> list[str]:
    """Why that cannot be the first administrator's address."""
    name, _, host = email.partition("@")
    fits = _EMAIL.fullmatch(name) and ".." not in name and _HOST.fullmatch(host) and len(email) <= 254
    return [] if fits else ["the administrator's e-mail address is one such as amy@example.com"]


def _proxy_address_problems(address: str) -> list[str]:
    try:
        network = ipaddress.ip_network(address)
    except ValueError:
        return ["--trusted-proxy is an address or a network such as 10.0.0.7 or 10.0.0.0/24"]
    return ["--trusted-proxy trusts everybody: name the proxy's own address"] if network.prefixlen == 0 else []


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> bool:
    return bool(_HOST.fullmatch(text))
