"""Which files each target needs, and the values in them."""

from urllib.parse import quote

from watchword.cli.production.answers import COMPOSE_GATEWAY, COMPOSE_PROXY, Answers
from watchword.cli.production.bundle import File
from watchword.cli.production.rendering import render
from watchword.cli.production.secret_files import (
    ADMIN_PASSWORD,
    DATABASE_PASSWORD,
    FOLDER,
    MASTER_KEY,
    Secrets,
)

DATABASE_URL = "database-url"
PORT = 8400
BASE = ("kustomization", "migration", "deployment", "service", "disruption-budget")
# Where each proxy's file goes, by the name that it has below the directory of the installation.
SITE = {"nginx": "watchword.nginx.conf", "caddy": "watchword.caddy", "haproxy": "haproxy.cfg"}


def secret_names(answers: Answers) -> tuple[str, ...]:
    """The secrets that have to be made."""
    return (MASTER_KEY, ADMIN_PASSWORD, *(() if answers.database == "sqlite" else (DATABASE_PASSWORD,)))


def files(answers: Answers, secrets: Secrets) -> list[File]:
    """Everything to be written, in the order in which a person would read it."""
    values = _values(answers, secrets)
    chosen = [File("watchword.toml", render("watchword.toml", values))]
    chosen += {"systemd": _systemd, "compose": _compose, "kubernetes": _kubernetes}[answers.target](answers, values)
    chosen += [
        File(f"{FOLDER}/{name}", text, is_secret=True, is_kept=name in secrets.kept)
        for name, text in secrets.texts.items()
    ]
    if answers.database != "sqlite":
        chosen.append(File(f"{FOLDER}/{DATABASE_URL}", _database_url(answers, secrets) + "\n", is_secret=True))
    return chosen


def _systemd(answers: Answers, values: dict[str, object]) -> list[File]:
    made = [File(name, render(f"systemd/{name}", values)) for name in ("watchword.service", "watchword.sysusers")]
    if answers.proxy != "none":
        template = {"nginx": "nginx/watchword.conf", "caddy": "caddy/watchword.caddy", "haproxy": "haproxy/haproxy.cfg"}
        made.append(File(SITE[answers.proxy], render(template[answers.proxy], values)))
    if answers.database != "sqlite":
        made.append(File(f"{FOLDER}/database.sql", render("systemd/database.sql", values), is_secret=True))
    return made


def _compose(answers: Answers, values: dict[str, object]) -> list[File]:
    made = [File("compose.yaml", render("compose/compose.yaml", values))]
    if answers.proxy == "caddy":
        made.append(File("Caddyfile", render("caddy/watchword.caddy", values)))
    return made


def _kubernetes(answers: Answers, values: dict[str, object]) -> list[File]:
    del answers
    own = [File(f"{name}.yaml", render(f"kubernetes/{name}.yaml", values)) for name in _OVERLAY]
    return own + [File(f"base/{name}.yaml", render(f"kubernetes/base/{name}.yaml", values)) for name in BASE]


_OVERLAY = ("kustomization", "namespace", "ingress")


def _values(answers: Answers, secrets: Secrets) -> dict[str, object]:
    """What the templates are given; those that are texts must be written through a format's filter."""
    inside = answers.target != "systemd"
    own_tls = answers.target == "systemd" and answers.proxy == "none"
    held = "/run/secrets" if inside else f"/etc/watchword/{FOLDER}"
    kept = "/data" if inside else "/var/lib/watchword"
    is_sqlite = answers.database == "sqlite"
    name, tag, digest = image_parts(answers.image)
    return {
        "issuer": answers.issuer,
        "host": answers.host,
        "https_port": answers.https_port,
        "redirects_http": answers.https_port == 443,
        "admin_email": answers.admin_email,
        "port": answers.https_port if own_tls else PORT,
        "inside_container": inside,
        "own_tls": own_tls,
        "binds_low_port": own_tls and answers.https_port < 1024,
        "trusted_proxy": answers.trusted_proxy,
        "tls_certificate": answers.tls_certificate,
        "tls_key": answers.tls_key,
        "is_sqlite": is_sqlite,
        "database_url": f"sqlite:///{kept}/watchword.sqlite",
        "database_url_file": f"{held}/{DATABASE_URL}",
        # Of a pod nothing stays: there the witness needs a volume that somebody has to choose.
        "witness_file": "" if answers.target == "kubernetes" else f"{kept}/watchword.witness",
        "database_password": "" if is_sqlite else secrets.value(DATABASE_PASSWORD),
        "master_key_file": f"{held}/{MASTER_KEY}",
        "command": answers.command,
        "protect_home": "read-only" if answers.command.startswith(("/home/", "/root/")) else "yes",
        "upstream": "watchword:8400" if inside else f"127.0.0.1:{PORT}",
        "image": answers.image,
        "image_name": name,
        "image_tag": tag,
        "image_digest": digest,
        "has_caddy": answers.proxy == "caddy",
        "is_behind_host": answers.proxy == "none",
        "proxy_address": COMPOSE_PROXY,
        "gateway": COMPOSE_GATEWAY,
    }


def _database_url(answers: Answers, secrets: Secrets) -> str:
    password = quote(secrets.value(DATABASE_PASSWORD), safe="")
    return f"postgresql://watchword:{password}@{answers.database_host}/watchword"


def image_parts(image: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image; the tag is ``latest`` unless one is given."""
    name, _, digest = image.partition("@")
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{folder}{slash}{last}", tag or "latest", digest
