"""What `serve` refuses: settings that are fine on one's own machine and dangerous for others."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from watchword import failpoints
from watchword.config.settings import LOOPBACK_HOSTS, Settings


def production_problems(settings: Settings) -> list[str]:
    """Every reason, one sentence each, why these settings must not serve others; nothing is opened but files."""
    problems = []
    server = settings.server
    if urlsplit(server.issuer).scheme != "https":
        problems.append(
            "server.issuer is plain http: `serve` needs https (for your own machine there is `watchword up`)"
        )
    if settings.keys.master_key is None and settings.keys.master_key_file is None and settings.keys.kms is None:
        problems.append("no master key: set keys.master_key_file or WATCHWORD_KEYS_MASTER_KEY_FILE")
    if server.tls_certificate is None and not server.trusted_proxies:
        problems.append(
            "no TLS: set server.tls_certificate and server.tls_key, or name the proxy that terminates it in "
            "server.trusted_proxies"
        )
    problems.extend(_unreadable("server.tls_certificate", server.tls_certificate))
    problems.extend(_unreadable("server.tls_key", server.tls_key))
    problems.extend(_open_to_everybody("server.tls_key", server.tls_key))
    if any(network.endswith("/0") for network in server.trusted_proxies):
        problems.append("server.trusted_proxies trusts everybody: name the proxy's own address")
    if server.management_port is not None:
        if not _is_loopback(server.management_listen) and server.management_token is None:
            problems.append(
                "server.management_listen can be reached from elsewhere: set server.management_token_file, "
                "or keep it on 127.0.0.1"
            )
        if server.management_port == server.port:
            problems.append("server.management_port is server.port: metrics are not for everybody")
    if settings.local.demo_url is not None and urlsplit(settings.local.demo_url).hostname in LOOPBACK_HOSTS:
        problems.append("local.demo_url belongs to `watchword up`: remove it")
    if failpoints.ACTIVE:
        problems.append("WATCHWORD_FAILPOINTS is set: failpoints are for tests")
    return problems


def _is_loopback(listen: str) -> bool:
    try:
        return ipaddress.ip_address(listen.strip("[]")).is_loopback
    except ValueError:
        return listen == "localhost"


def _open_to_everybody(key: str, path: str | None) -> list[str]:
    """A group may read a TLS key: that is how certificate tools share them. Nobody else may."""
    try:
        mode = 0 if path is None else Path(path).stat().st_mode & 0o777
    except OSError:
        return []  # told already
    return [f"{key} can be read by everybody (mode {mode:04o}): chmod o= it"] if mode & 0o007 else []


def _unreadable(key: str, path: str | None) -> list[str]:
    if path is None:
        return []
    try:
        with Path(path).open("rb"):
            return []
    except OSError as error:
        return [f"{key} cannot be read ({error.strerror})"]
