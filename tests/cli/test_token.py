"""``watchword token``: what it prints, where, and with which exit status."""

import io
import json
import sys
from pathlib import Path

import pytest
from tests.client.toy_issuer import ToyIssuer, toy_issuer

from watchword.cli import main
from watchword.cli.login import token_cache
from watchword.cli.token import in_words
from watchword.client.saved_login import SavedLogin, save_login
from watchword.client.tokens import TokenSet
from watchword.clock import SystemClock
from watchword.jose import Key, KeySet, jwt

AUDIENCE = "https://api.example"
ISSUER = "https://issuer.example"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def key() -> Key:
    return Key.generate("ES256")


@pytest.fixture
def jwks(key: Key, tmp_path: Path) -> str:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(KeySet([key]).to_dict()))
    return str(path)


def token_of(key: Key, **changes: object) -> str:
    now = int(SystemClock().now())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "sub": "alice",
        "aud": AUDIENCE,
        "client_id": "app",
        "iat": now,
        "exp": now + 290,
        "jti": "1",
        "scope": "orders:read",
    }
    return jwt.encode(claims | changes, key, typ="at+jwt")


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def keep(issuer: ToyIssuer, *, lives: float) -> None:
    issuer.live_refresh_tokens.add("first")
    tokens = TokenSet("kept-token", SystemClock().now() + lives, ("orders:read",), "first", None, "alice-id", "Alice")
    save_login(token_cache(), SavedLogin(issuer.api, issuer.issuer, "command-line", issuer.api, tokens))


def test_print_gives_the_token_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    with toy_issuer(SystemClock()) as issuer:
        keep(issuer, lives=200)
        assert main(["token", "print", "--api", issuer.api]) == 0
        assert capfd.readouterr() == ("kept-token\n", "")
        keep(issuer, lives=10)
        assert main(["token", "print", "--api", issuer.api]) == 0
        out, err = capfd.readouterr()
        assert jwt.decode(out.removesuffix("\n"), issuer.es256, typ="at+jwt")["aud"] == issuer.api
        assert err == ""
        assert main(["token", "print", "--api", issuer.api, "--json"]) == 0
        assert json.loads(capfd.readouterr().out)["access_token"] == out.strip()


def test_print_without_a_login_says_what_to_do(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "print", "--api", "https://api.example/"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert "watchword login --api https://api.example/" in err
    assert "not_signed_in" in err


def test_print_while_the_issuer_is_away_keeps_the_login(capfd: pytest.CaptureFixture[str]) -> None:
    with toy_issuer(SystemClock()) as issuer:
        keep(issuer, lives=10)
    assert main(["token", "print", "--api", issuer.api]) == 3
    assert "discovery_failed" in capfd.readouterr().err
    assert token_cache().load(issuer.api) is not None


def test_inspect_warns_before_anything_else(
    key: Key, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, token_of(Key.generate("ES256"), sub="mallory\x1b[2J\u202e") + "\n")
    assert main(["token", "inspect"]) == 0
    out, err = capfd.readouterr()
    assert out.startswith("UNVERIFIED")
    assert '"at+jwt"' in out
    assert "in 4 minutes" in out
    assert "mallory" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert err == ""


def test_inspect_as_json_says_verified_false(
    key: Key, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, token_of(key))
    assert main(["token", "inspect", "-", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["verified"] is False
    assert shown["header"]["kid"] == key.kid
    assert shown["claims"]["sub"] == "alice"


@pytest.mark.parametrize("text", ["", "not a token", "a.b.c", "e30.e30.", "eyJhbGciOiJFUzI1NiJ9.W10.AA"])
def test_inspect_refuses_what_is_no_token(
    text: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, text)
    assert main(["token", "inspect"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert "token_malformed" in err


def test_verify_says_yes(
    key: Key, jwks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text(token_of(key) + "\n")
    command = ["token", "verify", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", jwks, "--file", str(file)]
    assert main(command) == 0
    assert capfd.readouterr().out.startswith("VERIFIED: ")
    assert main([*command, "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["verified"] is True
    assert shown["claims"]["sub"] == "alice"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": 1_000}, "token_expired"),
        ({"iss": "https://evil.example"}, "issuer_mismatch"),
        ({"aud": "https://other.example"}, "audience_mismatch"),
        ({"sub": 1}, "claim_invalid"),
        ({"iat": 9_000_000_000, "exp": 9_000_000_300}, "token_not_yet_valid"),
    ],
)
def test_verify_says_why_not(  # noqa: PLR0917  pytest hands them over by name
    changes: dict[str, object],
    code: str,
    key: Key,
    jwks: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    command = ["token", "verify", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", jwks]
    give(monkeypatch, token_of(key, **changes))
    assert main(command) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert f"({code})" in err
    give(monkeypatch, token_of(key, **changes))
    assert main([*command, "--json"]) == 1
    assert json.loads(capfd.readouterr().out)["error"] == code


def test_verify_says_why_not_for_the_signature_and_the_kind(
    key: Key, jwks: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """J65"""
    command = ["token", "verify", "--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", jwks]
    good = token_of(key)
    head, _, signature = good.rpartition(".")
    flipped = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    id_token = jwt.encode({"iss": ISSUER, "aud": AUDIENCE}, key)
    for text, code in (
        (flipped, "signature_invalid"),
        (token_of(Key.generate("ES256")), "key_unknown"),
        (id_token, "type_mismatch"),
        ("nonsense", "token_malformed"),
    ):
        give(monkeypatch, text)
        assert main(command) == 1
        assert f"({code})" in capfd.readouterr().err


def test_verify_fetches_the_keys_of_a_running_issuer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with toy_issuer(SystemClock()) as issuer:
        command = ["token", "verify", "--issuer", issuer.issuer, "--audience", AUDIENCE]
        token = issuer.access_token(AUDIENCE, "orders:read")
        give(monkeypatch, token)
        assert main(command) == 0
    give(monkeypatch, token)
    assert main(command) == 3  # nobody can tell now; that is not the token's fault
    assert "(keys_unavailable)" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--issuer", "http://issuer.example"], 2),
        (["--issuer", ISSUER, "--jwks", "/nonexistent"], 3),
        (["--issuer", ISSUER, "--jwks", __file__], 3),
    ],
)
def test_verify_that_cannot_be_done(
    options: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, "a.b.c")
    assert main(["token", "verify", "--audience", AUDIENCE, *options]) == status
    assert capfd.readouterr().err.startswith("watchword token verify: ")


def test_a_token_on_the_command_line_is_read_with_a_warning(key: Key, capfd: pytest.CaptureFixture[str]) -> None:
    token = token_of(key)
    assert main(["token", "inspect", token]) == 0
    out, err = capfd.readouterr()
    assert "alice" in out
    assert "seen by every user" in err
    assert token not in err


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (1_790_000_000, "2026-09-21 14:13:20Z, now"),
        (1_790_000_001, "2026-09-21 14:13:21Z, in 1 second"),
        (1_789_996_400, "2026-09-21 13:13:20Z, 1 hour ago"),
        (1_790_172_800, "2026-09-23 14:13:20Z, in 2 days"),
        (1e30, "no date"),
        (float("nan"), "no date"),
    ],
)
def test_instants_in_words(instant: float, words: str) -> None:
    assert in_words(instant, now=1_790_000_000) == words
