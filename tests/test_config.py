"""Configuration: everything wrong is told at once, nothing secret is shown, the environment wins over the file."""

from pathlib import Path
from typing import Any

import pytest

from watchword.config import ConfigurationError, all_options, find_configuration, load, production_problems
from watchword.config.public_url import public_url_problem

MINIMAL = {
    "WATCHWORD_SERVER_ISSUER": "https://auth.example.com",
    "WATCHWORD_DATABASE_URL": "sqlite:////var/lib/watchword/data.sqlite",
}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path | None, environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        load(path, environment)
    return refused.value.problems


def test_the_environment_alone_is_enough() -> None:
    settings = load(None, MINIMAL).settings
    assert settings.server.issuer == "https://auth.example.com"
    assert settings.hosts == ("auth.example.com",)
    assert not settings.is_local
    assert settings.tokens.access_token_lifetime == 300


def test_the_environment_wins_over_the_file_and_each_value_says_where_it_is_from(tmp_path: Path) -> None:
    path = write(
        tmp_path / "watchword.toml",
        """
        [server]
        issuer = "https://file.example.com"
        port = 9000
        [database]
        url = "sqlite:///data.sqlite"
        [tokens]
        refresh_lifetime = "60d"
        """,
    )
    loaded = load(path, {"WATCHWORD_SERVER_ISSUER": "https://environment.example.com"})
    assert loaded.settings.server.issuer == "https://environment.example.com"
    assert loaded.settings.server.port == 9000
    assert loaded.settings.database.url == f"sqlite:///{tmp_path / 'data.sqlite'}"
    assert loaded.settings.tokens.refresh_lifetime == 60 * 86400
    sources = {one.option.key: one.source for one in loaded.explained}
    assert sources["server.issuer"] == "WATCHWORD_SERVER_ISSUER"
    assert sources["server.port"] == "watchword.toml"
    assert sources["server.listen"] == "default"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "watchword.toml",
        """
        color = "blue"
        [server]
        isuer = "https://auth.example.com"
        port = 99999
        tls_key = "key.pem"
        [tokens]
        code_lifetime = "soon"
        """,
    )
    told = problems_of(path, {"WATCHWORD_DATABSE_URL": "sqlite:////x", "WATCHWORD_SERVER_TRUSTED_PROXIES": "everybody"})
    expected = (
        "color is not a section",
        "server.isuer is not a setting",
        "server.issuer is missing",
        "server.port must be a port",
        "tokens.code_lifetime must be seconds",
        "WATCHWORD_DATABSE_URL is not a setting",
        "database.url is missing",
        "server.trusted_proxies must be addresses",
    )
    for sentence in expected:
        assert any(problem.startswith(sentence) for problem in told), (sentence, told)
    assert len(told) == len(expected)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"WATCHWORD_SERVER_TLS_KEY": "/k.pem"}, "belong together"),
        ({"WATCHWORD_KEYS_MASTER_KEY": "x", "WATCHWORD_KEYS_MASTER_KEY_FILE": "/k"}, "are both set"),
        ({"WATCHWORD_KEYS_KMS": "aws", "WATCHWORD_KEYS_MASTER_KEY_FILE": "/k"}, "a master key is named too"),
        ({"WATCHWORD_KEYS_KMS": "aws"}, "keys.aws_kms_key_id names no key"),
        ({"WATCHWORD_KEYS_KMS": "vault"}, 'keys.kms must be "aws"'),
        ({"WATCHWORD_ADMIN_EMAIL": "amy@example.com"}, "admin.email and admin.password"),
        ({"WATCHWORD_TOKENS_REFRESH_IDLE": "90d"}, "refresh_idle is longer"),
        ({"WATCHWORD_SESSIONS_IDLE": "2d"}, "sessions.idle is longer"),
        ({"WATCHWORD_KEYS_LIFETIME": "60"}, "keys.lifetime is shorter"),
        ({"WATCHWORD_KEYS_ACCESS_TOKEN_ALGORITHM": "PS256"}, "is not one of keys.algorithms"),
    ],
)
def test_contradictions_are_told(changes: dict[str, str], sentence: str) -> None:
    assert any(sentence in problem for problem in problems_of(None, {**MINIMAL, **changes}))


@pytest.mark.parametrize("algorithms", ["ES256", "RS256,PS256", "ES256,RS256,HS256", "ES256,RS256,none", ""])
def test_algorithms_are_asymmetric_and_es256_and_rs256_among_them(algorithms: str) -> None:
    told = problems_of(None, {**MINIMAL, "WATCHWORD_KEYS_ALGORITHMS": algorithms})
    assert any(problem.startswith("keys.algorithms must") for problem in told)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", ""])
def test_a_limit_is_a_whole_number_from_one_on(number: str) -> None:
    variable = "WATCHWORD_REVOCATION_STREAMS_PER_ADDRESS"
    assert any(
        "must be a whole number from 1 on" in problem for problem in problems_of(None, {**MINIMAL, variable: number})
    )
    settings = load(None, {**MINIMAL, variable: "7"}).settings.revocation
    assert (settings.streams_per_address, settings.streams_per_credential) == (7, 100)


@pytest.mark.parametrize(
    "issuer",
    [
        "auth.example.com",
        "ftp://auth.example.com",
        "https://",
        "https://auth.example.com/",
        "https://auth.example.com?x",
        "https://auth.example.com#x",
        "https://user@auth.example.com",
        "https://Auth.example.com",
        "https://auth.example.com:99999",
        "https://auth .example.com",
        "",
    ],
)
def test_an_issuer_is_a_plain_url(issuer: str) -> None:
    assert any(
        "server.issuer" in problem for problem in problems_of(None, {**MINIMAL, "WATCHWORD_SERVER_ISSUER": issuer})
    )


def test_a_secret_may_be_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = "postgresql://watchword:canary-7f3a@db/watchword"
    file = write(tmp_path / "url", secret + "\n")
    environment = {"WATCHWORD_SERVER_ISSUER": "https://auth.example.com", "WATCHWORD_DATABASE_URL_FILE": str(file)}
    loaded = load(None, environment)
    assert loaded.settings.database.url == secret
    assert "canary-7f3a" not in repr(loaded)
    (shown,) = [one for one in loaded.explained if one.option.key == "database.url"]
    assert (shown.shown, shown.source) == ("(secret)", "file named in WATCHWORD_DATABASE_URL_FILE")


def test_the_file_may_name_the_file_of_a_secret(tmp_path: Path) -> None:
    write(tmp_path / "url", "sqlite:////data/watchword.sqlite")
    text = '[server]\nissuer = "https://auth.example.com"\n[database]\nurl_file = "url"\n'
    settings = load(write(tmp_path / "watchword.toml", text), {}).settings
    assert settings.database.url == "sqlite:////data/watchword.sqlite"


def test_both_forms_of_a_secret_at_once_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "url", "sqlite:////x")
    told = problems_of(None, {**MINIMAL, "WATCHWORD_DATABASE_URL_FILE": str(file)})
    assert any("both set" in problem for problem in told)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 70_000, None])
def test_a_secret_file_that_cannot_be_used_is_told_without_its_content(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "url"
    if content is not None:
        file.write_bytes(content)
    environment = {"WATCHWORD_SERVER_ISSUER": "https://auth.example.com", "WATCHWORD_DATABASE_URL_FILE": str(file)}
    assert any(problem.startswith("database.url ") for problem in problems_of(None, environment))


def test_the_admins_password_is_taken_from_a_file_only(tmp_path: Path) -> None:
    environment = {**MINIMAL, "WATCHWORD_ADMIN_EMAIL": "amy@example.com"}
    assert any(
        "WATCHWORD_ADMIN_PASSWORD is not a setting" in problem
        for problem in problems_of(None, {**environment, "WATCHWORD_ADMIN_PASSWORD": "canary"})
    )
    file = write(tmp_path / "password", " spaces stay \n")
    settings = load(None, {**environment, "WATCHWORD_ADMIN_PASSWORD_FILE": str(file)}).settings
    assert settings.admin.password == " spaces stay "


def test_broken_toml_is_told_without_its_content(tmp_path: Path) -> None:
    told = problems_of(write(tmp_path / "watchword.toml", 'canary-7f3a = "unclosed'), MINIMAL)
    assert any("is not TOML" in problem for problem in told)
    assert "canary" not in str(told)


def test_what_kubernetes_puts_into_the_environment_is_left_alone() -> None:
    links = {
        "WATCHWORD_SERVICE_HOST": "10.0.0.1",
        "WATCHWORD_SERVICE_PORT": "443",
        "WATCHWORD_PORT": "tcp://10.0.0.1:443",
        "WATCHWORD_PORT_443_TCP": "tcp://10.0.0.1:443",
        "WATCHWORD_PORT_443_TCP_ADDR": "10.0.0.1",
    }
    load(None, {**MINIMAL, **links})


def production(**changes: str) -> list[str]:
    base = {
        **MINIMAL,
        "WATCHWORD_KEYS_MASTER_KEY_FILE": "/run/secrets/master.key",
        "WATCHWORD_SERVER_TRUSTED_PROXIES": "10.0.0.7",
    }
    return production_problems(load(None, {**base, **changes}).settings)


def test_production_is_fine_behind_a_named_proxy() -> None:
    assert production() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"WATCHWORD_SERVER_ISSUER": "http://auth.example.com"}, "plain http"),
        ({"WATCHWORD_SERVER_ISSUER": "http://localhost:8400"}, "plain http"),
        ({"WATCHWORD_SERVER_TRUSTED_PROXIES": "0.0.0.0/0"}, "trusts everybody"),
        ({"WATCHWORD_SERVER_TRUSTED_PROXIES": "::/0"}, "trusts everybody"),
        ({"WATCHWORD_SERVER_TLS_CERTIFICATE": "/nowhere", "WATCHWORD_SERVER_TLS_KEY": "/nowhere"}, "cannot be read"),
        ({"WATCHWORD_LOCAL_DEMO_URL": "http://localhost:8401"}, "belongs to `watchword up`"),
    ],
)
def test_production_refuses(changes: dict[str, str], sentence: str) -> None:
    assert any(sentence in problem for problem in production(**changes))


def test_production_needs_a_master_key_and_tls() -> None:
    told = production_problems(load(None, MINIMAL).settings)
    assert any(problem.startswith("no master key") for problem in told)
    assert any(problem.startswith("no TLS") for problem in told)


def test_a_tls_key_that_everybody_reads_is_refused(tmp_path: Path) -> None:
    """R29. A group may: that is how certificate tools share a key."""
    certificate, key = write(tmp_path / "cert.pem", ""), write(tmp_path / "key.pem", "")
    files = {"WATCHWORD_SERVER_TLS_CERTIFICATE": str(certificate), "WATCHWORD_SERVER_TLS_KEY": str(key)}
    told = {}
    for mode in (0o644, 0o640, 0o600):
        key.chmod(mode)
        told[mode] = [problem for problem in production(**files) if "tls_key" in problem]
    assert "mode 0644" in told[0o644][0]
    assert told[0o640] == told[0o600] == []


def test_every_option_says_what_it_is_and_has_a_name_of_its_own() -> None:
    options = all_options()
    assert len({option.key for option in options}) == len({option.variable for option in options}) == len(options)
    assert all(option.help for option in options)


def test_where_the_configuration_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_configuration(None, None, {}) is None
    (tmp_path / ".watchword").mkdir()
    local = write(tmp_path / ".watchword" / "watchword.toml", "")
    assert find_configuration(None, None, {}) == local.relative_to(tmp_path)
    write(tmp_path / "watchword.toml", "")
    assert find_configuration(None, None, {}) == Path("watchword.toml")
    assert find_configuration(None, "data", {}) == Path("data/watchword.toml")
    assert find_configuration(None, "data", {"WATCHWORD_CONFIG": "other.toml"}) == Path("other.toml")
    assert find_configuration("mine.toml", "data", {"WATCHWORD_CONFIG": "other.toml"}) == Path("mine.toml")


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("https://auth.example.com", True),
        ("http://localhost:8080", True),
        ("http://auth.example.com", False),
        ("https://auth.example.com/", False),
        ("auth.example.com", False),
    ],
)
def test_a_public_url_is_https_or_leads_here(url: str, is_fine: Any) -> None:
    assert (public_url_problem(url) is None) == is_fine


@pytest.mark.parametrize(
    ("issuer", "reason"),
    [
        ("https://auth.example.com:443", "default port"),
        ("http://localhost:80", "default port"),
        ("https://example.com/auth", "no path"),
    ],
)
def test_o67_an_issuer_is_named_as_browsers_name_it(issuer: str, reason: str) -> None:
    (problem,) = problems_of(None, {**MINIMAL, "WATCHWORD_SERVER_ISSUER": issuer})
    assert reason in problem
    assert reason in (public_url_problem(issuer) or "")


def test_what_can_be_read_is_there_for_whoever_looks_further() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(None, {**MINIMAL, "WATCHWORD_SERVER_PORT": "many", "WATCHWORD_SERVER_PROT": "1"})
    assert refused.value.unreadable == ("server.port",)
    assert refused.value.readable is not None
    assert refused.value.readable.server.issuer == MINIMAL["WATCHWORD_SERVER_ISSUER"]
    with pytest.raises(ConfigurationError) as without:
        load(None, {"WATCHWORD_DATABASE_URL": "sqlite:////a"})
    assert without.value.readable is None


def test_a_refused_value_is_told_once(tmp_path: Path) -> None:
    path = write(tmp_path / "watchword.toml", '[admin]\nemail = "ada@example.com"\npassword = "in the open"\n')
    problems = problems_of(path, MINIMAL)
    assert [problem for problem in problems if "admin" in problem] == list(problems)
    assert len(problems) == 1
    assert "in the open" not in problems[0]
