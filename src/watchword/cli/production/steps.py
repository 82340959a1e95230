"""What is to be done after `watchword init`, in order: each step in words, with the commands to copy."""

from dataclasses import dataclass

from watchword.cli.production.answers import Answers
from watchword.cli.production.files import DATABASE_URL, SITE
from watchword.cli.production.literals import shell_word
from watchword.cli.production.secret_files import ADMIN_PASSWORD, FOLDER, MASTER_KEY

_HOME = "/etc/watchword"
_CONFIG = f"{_HOME}/watchword.toml"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; ``commands`` are lines for a POSIX shell, in the directory of the installation."""

    what: str
    commands: tuple[str, ...] = ()


def next_steps(answers: Answers) -> list[Step]:
    """From the files to a `doctor` that finds nothing."""
    made = {"systemd": _systemd, "compose": _compose, "kubernetes": _kubernetes}[answers.target](answers)
    return [
        *made,
        Step(
            f"Sign in at {answers.issuer}/console as {answers.admin_email} with the password in "
            f"{FOLDER}/{ADMIN_PASSWORD}, and remove that file everywhere"
        ),
        Step(f"Keep a copy of {FOLDER}/{MASTER_KEY} apart from the database: nothing else opens that database"),
    ]


def as_root(answers: Answers) -> bool:
    """Whether the steps are an administrator's of the machine."""
    return answers.target == "systemd"


def _systemd(answers: Answers) -> list[Step]:
    kept = [MASTER_KEY, ADMIN_PASSWORD, *([] if answers.database == "sqlite" else [DATABASE_URL])]
    sources = " ".join(f"{FOLDER}/{name}" for name in kept)
    steps = [
        Step(
            "Make the user that Watchword runs as",
            (
                "install -D -m 0644 watchword.sysusers /etc/sysusers.d/watchword.conf",
                "systemd-sysusers /etc/sysusers.d/watchword.conf",
            ),
        ),
        Step(
            "Put the configuration and its secrets in place",
            (
                f"install -D -m 0644 watchword.toml {_CONFIG}",
                f"install -d -m 0700 -o watchword -g watchword {_HOME}/{FOLDER}",
                f"install -m 0600 -o watchword -g watchword {sources} {_HOME}/{FOLDER}/",
            ),
        ),
    ]
    if answers.database != "sqlite":
        steps.append(
            Step(
                f"Make the role and the database, on the machine where PostgreSQL runs ({answers.database_host})",
                (f"runuser -u postgres -- psql --no-psqlrc --set ON_ERROR_STOP=1 < {FOLDER}/database.sql",),
            )
        )
    steps += [*_certificate(answers), _service(), *_site(answers)]
    return [
        *steps,
        *_first_looks(f"runuser -u watchword -- {shell_word(answers.command)}", answers, f"{_HOME}/{FOLDER}"),
    ]


def _service() -> Step:
    return Step(
        "Start Watchword; its database is migrated first",
        (
            "install -m 0644 watchword.service /etc/systemd/system/watchword.service",
            "systemctl daemon-reload",
            "systemctl enable watchword.service",
            "systemctl restart watchword.service",
        ),
    )


def _certificate(answers: Answers) -> list[Step]:
    host = shell_word(answers.host)
    live = f"/etc/letsencrypt/live/{host}"
    ask = f"certbot certonly --standalone --non-interactive --agree-tos -m {shell_word(answers.admin_email)} -d {host}"
    chain, key = shell_word(answers.tls_certificate), shell_word(answers.tls_key)
    if answers.proxy == "nginx" and answers.tls_certificate.startswith("/etc/letsencrypt/"):
        return [Step("Get a certificate, while nothing listens on port 80", (ask,))]
    if answers.proxy == "haproxy" and answers.tls_certificate.startswith("/etc/haproxy/certs/"):
        return [
            Step(
                f"Put the certificate chain and its key into {answers.tls_certificate}, in one file (at each renewal: "
                f"`cat {live}/fullchain.pem {live}/privkey.pem`)"
            )
        ]
    if answers.proxy == "none":
        return [
            Step(
                f"Put the certificate chain into {answers.tls_certificate} and its key into {answers.tls_key}; "
                "both are read again when they are renewed",
                (f"chgrp watchword {chain} {key}", f"chmod 0640 {chain} {key}"),
            )
        ]
    return []


def _site(answers: Answers) -> list[Step]:
    file = SITE.get(answers.proxy, "")
    commands: tuple[str, ...]
    if answers.proxy == "nginx":
        commands = (
            f"install -m 0644 {file} /etc/nginx/conf.d/watchword.conf",
            "nginx -t",
            "systemctl reload-or-restart nginx.service",
        )
    elif answers.proxy == "caddy":
        line = "import /etc/caddy/watchword.caddy"
        commands = (
            f"install -m 0644 {file} /etc/caddy/watchword.caddy",
            f"grep -qxF '{line}' /etc/caddy/Caddyfile || echo '{line}' >> /etc/caddy/Caddyfile",
            "caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile",
            "systemctl reload-or-restart caddy.service",
        )
    elif answers.proxy == "haproxy":
        commands = (
            f"install -m 0644 --backup=numbered {file} /etc/haproxy/haproxy.cfg",
            "haproxy -c -f /etc/haproxy/haproxy.cfg",
            "systemctl reload-or-restart haproxy.service",
        )
    else:
        return []
    return [Step(f"Let {_NAMES[answers.proxy]} lead to it", commands)]


_NAMES = {"nginx": "nginx", "caddy": "Caddy", "haproxy": "HAProxy"}


def _compose(answers: Answers) -> list[Step]:
    own = [MASTER_KEY, ADMIN_PASSWORD, *([] if answers.database == "sqlite" else [DATABASE_URL])]
    steps = [
        Step(
            "Give the secrets to the user inside the container (uid 10001)",
            (f"chown 10001:10001 {' '.join(f'{FOLDER}/{name}' for name in own)}",),
        ),
        Step("Start everything; the database is migrated first", ("docker compose up --detach --wait",)),
    ]
    if answers.proxy == "none":
        steps.append(Step(f"Let your proxy lead {answers.issuer} to 127.0.0.1:8400"))
    return [*steps, *_first_looks("docker compose exec watchword watchword", answers, "/run/secrets")]


def _kubernetes(answers: Answers) -> list[Step]:
    inside = "kubectl -n watchword"
    return [
        Step(
            f"Make sure that PostgreSQL answers at {answers.database_host}, with the role and the database `watchword`"
        ),
        Step(f"Have the TLS secret watchword-tls for {answers.host} made in the namespace watchword"),
        Step(
            "Apply, and wait until the schema is migrated and every pod is ready",
            (
                "kubectl apply -k .",
                f"{inside} wait --for=condition=complete job/watchword-migrate --timeout=600s",
                f"{inside} rollout status deployment/watchword --timeout=600s",
            ),
        ),
        *_first_looks(f"{inside} exec deploy/watchword -- watchword", answers, "/run/secrets"),
    ]


def _first_looks(command: str, answers: Answers, secrets: str) -> list[Step]:
    config = f" --config {_CONFIG}" if answers.target == "systemd" else ""
    email = shell_word(answers.admin_email)
    password = f"{secrets}/{ADMIN_PASSWORD}"
    return [
        Step(
            "Make the first administrator",
            (f"{command} user add {email} --role admin --password-file {password}{config}",),
        ),
        Step("Look whether everything is in order", (f"{command} doctor{config}",)),
    ]
