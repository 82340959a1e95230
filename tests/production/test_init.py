"""`watchword init`: asks little, writes everything, overwrites nothing unasked, and lets no value out of its place."""

import argparse
import io
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.production.init_command import init, written
from tests.server.certificates import make_certificate

from watchword.cli.production import files, literals, secret_files, steps
from watchword.cli.production.answers import DATABASES_OF, PROXIES_OF, TARGETS, Answers, AnswersError
from watchword.cli.production.questions import add_questions, ask
from watchword.cli.production.rendering import _ENVIRONMENT, render
from watchword.config import load
from watchword.issuer.edge.answering import HEADER, TRACEPARENT
from watchword.store.sealing import MasterKey

COMBINATIONS = [
    (target, database, proxy)
    for target in TARGETS
    for database in DATABASES_OF[target]
    for proxy in PROXIES_OF[target]
]  # fmt: skip
SYSTEMD = ("--issuer", "auth.example.com", "--target", "systemd")


def asked(*words: str, answers: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> Answers:
    parser = argparse.ArgumentParser()
    add_questions(parser)
    if monkeypatch is not None:
        monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    return ask(parser.parse_args(words), is_interactive=monkeypatch is not None)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "database", "proxy"), COMBINATIONS)
def test_every_combination_is_a_whole_installation(tmp_path: Path, target: str, database: str, proxy: str) -> None:
    """What is written can be read by whoever it is for, and nothing is left open, empty or undefined."""
    words = ("--issuer", "auth.example.com", "--target", target, "--database", database, "--proxy", proxy)
    made = written(tmp_path / "made", *words)
    settings = tomllib.loads(made.text("watchword.toml"))
    assert settings["server"]["issuer"] == "https://auth.example.com"
    assert ("tls_key" in settings["server"]) is (target == "systemd" and proxy == "none")
    assert ("url_file" in settings["database"]) is (database == "postgresql")
    assert ("witness_file" in settings["database"]) is (database == "postgresql" and target != "kubernetes")
    MasterKey.from_file(made.directory / "secrets/master-key")
    for entry in made.said["files"]:
        path = made.directory / entry["path"]
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o600 if entry["path"].startswith("secrets/") else 0o644)
        assert path.read_text().endswith("\n")
        assert not re.search(r"[«»]", path.read_text())
        if path.suffix == ".yaml":
            assert list(yaml.safe_load_all(path.read_text()))
    everything = "".join(
        (made.directory / entry["path"]).read_text() for entry in made.said["files"] if entry["mode"] == "0644"
    )
    for secret in (made.directory / "secrets").iterdir():
        if secret.name != "database.sql":
            assert secret.read_text().strip() not in everything
    assert made.said["steps"][-1]["what"].startswith("Keep a copy of secrets/master-key")
    assert any(command.rstrip().endswith("doctor") or " doctor " in command for command in made.commands())


def test_a_second_run_changes_nothing_and_a_differing_one_is_refused(tmp_path: Path) -> None:
    first = written(tmp_path, *SYSTEMD, "--database", "postgresql")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = written(tmp_path, *SYSTEMD, "--database", "postgresql")
    assert {entry["state"] for entry in first.said["files"]} == {"new"}
    assert {entry["state"] for entry in again.said["files"]} == {"same", "kept"}
    refused = init(tmp_path, "--yes", "--issuer", "other.example.com", "--target", "systemd", status=1)
    assert "watchword.toml" in refused.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    written(tmp_path, "--issuer", "other.example.com", "--target", "systemd", "--overwrite")
    assert 'issuer = "https://other.example.com"' in (tmp_path / "watchword.toml").read_text()
    for name in ("master-key", "admin-password", "database-password"):
        assert (tmp_path / "secrets" / name).read_bytes() == before[tmp_path / "secrets" / name]


def test_a_dry_run_shows_everything_but_secrets_and_writes_nothing(tmp_path: Path) -> None:
    shown = init(tmp_path / "made", "--yes", "--dry-run", *SYSTEMD, "--database", "postgresql").stdout
    assert "# watchword.service (mode 0644)" in shown
    assert "LoadCredential=master-key" in shown
    assert "# secrets/database.sql (mode 0600)\n(a secret)" in shown
    assert "CREATE ROLE" not in shown
    assert not (tmp_path / "made").exists()


def test_what_a_person_is_not_asked_must_be_said(tmp_path: Path) -> None:
    assert "--issuer" in init(tmp_path, "--yes", status=2).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_person_is_asked_again_until_the_answer_fits(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    typed = "http://auth.example.com\nauth.example.com\nvm\nsystemd\n\nhaproxy\nnobody\namy@example.com\n"
    answers = asked(answers=typed, monkeypatch=monkeypatch)
    assert (answers.issuer, answers.target, answers.database) == ("https://auth.example.com", "systemd", "sqlite")
    assert (answers.proxy, answers.admin_email) == ("haproxy", "amy@example.com")
    said = capsys.readouterr().err
    for complaint in ("must be https", "one of systemd, compose, kubernetes", "one such as amy@example.com"):
        assert complaint in said


def test_a_person_who_leaves_is_told_of_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnswersError, match="--help"):
        asked(answers="auth.example.com\n", monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--issuer", "https://auth.example.com/path"), "must have no path"),
        (("--issuer", "https://203.0.113.7"), "host name"),
        (("--issuer", "http://auth.example.com"), "https"),
        (("--issuer", "a.example.com", "--target", "kubernetes", "--database", "sqlite"), "postgresql with kubernetes"),
        (("--issuer", "a.example.com", "--target", "compose", "--proxy", "nginx"), "caddy, none with compose"),
        (("--issuer", "a.example.com", "--trusted-proxy", "0.0.0.0/0"), "trusts everybody"),
        (("--issuer", "a.example.com", "--tls-certificate", "/etc/chain.pem"), "belong together"),
        (("--issuer", "a.example.com", "--command", "watchword"), "absolute path"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(AnswersError, match=re.escape(reason)):
        asked(*words)


# What ends a place in one of the formats: quotes, braces, line ends, variables, comments, separators, specifiers.
ENDS = st.text(st.sampled_from("\"'`{}();#$%\\\n\r\t \x00\u2028&|<>*!~[]^"), min_size=1, max_size=3)
PLACES = ("issuer", "admin_email", "trusted_proxy", "database_host", "command", "image", "tls_certificate", "tls_key")
GOOD: dict[str, str] = {
    "issuer": "https://auth.example.com", "target": "systemd", "database": "postgresql", "proxy": "nginx",
    "admin_email": "amy@example.com", "trusted_proxy": "127.0.0.1", "database_host": "db.example.com",
    "command": "/opt/watchword/bin/watchword", "image": "registry.example.com/watchword:1",
    "tls_certificate": "/etc/tls/chain.pem", "tls_key": "/etc/tls/key.pem",
}  # fmt: skip


@given(place=st.sampled_from(PLACES), evil=ENDS, at=st.integers(0, 60))
def test_no_answer_that_could_end_its_place_is_taken(place: str, evil: str, at: int) -> None:
    at = min(at, len(GOOD[place]))
    answers = Answers(**{**GOOD, place: GOOD[place][:at] + evil + GOOD[place][at:]})
    with pytest.raises(AnswersError):
        answers.check()


@given(evil=ENDS)
def test_the_formats_refuse_it_too_whoever_let_it_through(evil: str) -> None:
    with pytest.raises(literals.UnsafeValueError):
        literals.bare(f"a{evil}b")
    if evil.isprintable() and evil.isascii():
        assert yaml.safe_load(literals.quoted(f"a{evil}b")) == f"a{evil}b"
        assert tomllib.loads(f"x = {literals.quoted(f'a{evil}b')}")["x"] == f"a{evil}b"
    else:
        with pytest.raises(literals.UnsafeValueError):
            literals.quoted(f"a{evil}b")


def test_a_template_must_say_in_which_format_a_value_stands() -> None:
    with pytest.raises(TypeError):
        _ENVIRONMENT.from_string("«host»").render(host="auth.example.com")
    assert render("systemd/watchword.sysusers", {})


def test_an_image_is_taken_apart_as_registries_name_it() -> None:
    assert files.image_parts("localhost:5000/team/watchword") == ("localhost:5000/team/watchword", "latest", "")
    assert files.image_parts("watchword:1.2") == ("watchword", "1.2", "")
    digest = "sha256:" + "0" * 64
    assert files.image_parts(f"r.example.com/w:1@{digest}") == ("r.example.com/w", "1", digest)


def test_a_secret_that_is_no_secret_of_ours_stops_it(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/database-password").write_text("x'; DROP DATABASE watchword; --\n")
    with pytest.raises(AnswersError, match="database-password"):
        secret_files.gather(tmp_path, ("master-key", "database-password"))


def test_the_settings_that_it_writes_are_settings(tmp_path: Path) -> None:
    made = written(tmp_path, *SYSTEMD, "--database", "sqlite", "--proxy", "nginx")
    loaded = load(made.directory / "watchword.toml", {})
    assert loaded.settings.hosts == ("auth.example.com",)
    assert loaded.settings.server.trusted_proxies == ("127.0.0.1/32",)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("proxy", ["nginx", "none"])
def test_systemd_understands_the_unit_and_finds_it_closed(tmp_path: Path, proxy: str) -> None:
    made = written(tmp_path, *SYSTEMD, "--database", "postgresql", "--proxy", proxy)
    unit = str(made.directory / "watchword.service")
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    about_it = [line for line in verified.stderr.splitlines() if "watchword" in line]
    assert (verified.returncode, about_it) == (0, [])
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=25", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout


CHECKS = {
    "nginx": "nginx -t -c {main}",
    "caddy": "caddy validate --adapter caddyfile --config {site}",
    "haproxy": "haproxy -c -f {site}",
}


@pytest.mark.parametrize("proxy", CHECKS)
def test_each_proxy_understands_its_site(tmp_path: Path, proxy: str) -> None:
    if shutil.which(proxy) is None:
        pytest.skip(f"{proxy} is not installed here")
    certificate = make_certificate(tmp_path, "server")
    (tmp_path / "both.pem").write_bytes(certificate.certificate.read_bytes() + certificate.key.read_bytes())
    given = ["--tls-certificate", str(tmp_path / "both.pem" if proxy == "haproxy" else certificate.certificate)]
    given += [] if proxy == "haproxy" else ["--tls-key", str(certificate.key)]
    made = written(tmp_path / "made", *SYSTEMD, "--proxy", proxy, *given)
    site = made.directory / files.SITE[proxy]
    main = tmp_path / "nginx.conf"
    main.write_text(
        f"pid {tmp_path}/pid; events {{}} http {{ include {site}; }}\n".replace("/var/log/nginx", str(tmp_path))
    )
    text = site.read_text().replace("/var/log/nginx", str(tmp_path)).replace("user haproxy\n    group haproxy", "")
    site.write_text(text)
    done = subprocess.run(
        CHECKS[proxy].format(main=main, site=site).split(), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("proxy", ["nginx", "haproxy", "caddy"])
def test_no_stranger_speaks_as_the_trusted_proxy(tmp_path: Path, proxy: str) -> None:
    """What the issuer believes of a proxy that it trusts, and what proxies pass on unless they are told otherwise."""
    made = written(tmp_path / "made", *SYSTEMD, "--proxy", proxy)
    ends = {"nginx": 'proxy_set_header {} "";', "haproxy": "http-request del-header {}", "caddy": "header_up -{}"}[
        proxy
    ]
    for header in ("Forwarded", HEADER.decode(), TRACEPARENT.decode()):
        assert ends.format(header).lower() in made.text(files.SITE[proxy]).lower()


def test_the_steps_name_only_files_that_are_written(tmp_path: Path) -> None:
    for target, database, proxy in COMBINATIONS:
        answers = asked("--issuer", "auth.example.com", "--target", target, "--database", database, "--proxy", proxy)
        made = {file.path for file in files.files(answers, secret_files.gather(tmp_path, files.secret_names(answers)))}
        for step in steps.next_steps(answers):
            for command in step.commands:
                named = re.findall(r"(?<![\w/.-])(?:secrets/[\w.-]+|watchword\.[\w.]+|haproxy\.cfg)(?![\w/])", command)
                assert {name for name in named if not name.endswith(".service")} <= made | {"secrets/"}, command
