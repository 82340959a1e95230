"""Settings that make no sense are found at construction (THREATS J09, J15, J59, J86)."""

from typing import Any

import pytest

from watchword.jose import Key, KeySet
from watchword.verify import AsyncVerifier, TrustedIssuer, Verifier, VerifierSettingsError
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.settings import read_options

KEY = Key.generate("ES256").public()
GOOD: dict[str, Any] = {"issuer": "https://auth.example.com", "audience": "https://api.example.com"}


@pytest.mark.parametrize("verifier", [Verifier, AsyncVerifier])
@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ""},
        {"issuer": None},
        {"audience": ""},
        {"audience": []},
        {"audience": ["https://api.example.com", ""]},
        {"cache": -1},
        {"cache": 0.5},
        {"revocation": "sometimes"},
        {"on_stale_revocations": "ignore"},
        {"introspection": True},
        {"credentials": ("api", "secret")},
        {"issuers": []},
        {"issuers": [TrustedIssuer(issuer="https://a.example.com")]},
        {"profile": "unknown"},
        {"leeway": -1},
        {"leeway": 301},
        {"leeway": float("nan")},
        {"algorithms": ()},
        {"algorithms": ("none",)},
        {"algorithms": ("HS256", "ES256")},
        {"keys": KeySet([])},
        {"keys": Key.generate("HS256")},
        {"keys": ""},
        {"keys": {}},
        {"keys": b""},
        {"keys": KEY, "algorithms": ("RS256",)},
    ],
)
def test_senseless_settings_are_refused(verifier: type[Verifier], changes: dict[str, Any]) -> None:
    with pytest.raises(VerifierSettingsError):
        verifier(**{**GOOD, **changes})


CREDENTIALS = ResourceCredentials("orders", "s" * 32)
OURS = TrustedIssuer(issuer="https://auth.example.com")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"keys": KEY, "jwks_url": "https://auth.example.com/jwks"}, "keys were given"),
        ({"keys": KEY, "metadata_url": "https://auth.example.com/x"}, "keys were given"),
        ({"algorithms": ("HS256",)}, "never fetched"),
        ({"revocation": "off", "on_stale_revocations": "reject"}, "rejects nothing"),
        ({"profile": "auth0", "on_stale_revocations": "reject"}, "rejects nothing"),
        ({"keys": KEY, "on_stale_revocations": "reject"}, "rejects nothing"),
        ({"jwks_url": "https://auth.example.com/jwks", "metadata_url": "http://auth.example.com/x"}, "not https"),
        (
            {
                "issuer": "joe",
                "jwks_url": "https://auth.example.com/jwks",
                "revocation": "off",
                "introspection": True,
                "credentials": CREDENTIALS,
            },
            "asked about tokens",
        ),
        ({"keys": KEY, "introspection": True, "credentials": CREDENTIALS}, "introspection needs"),
        ({"issuer": None, "issuers": [OURS], "credentials": CREDENTIALS}, "each of them says its own credentials"),
        ({"issuer": None, "issuers": [OURS], "introspection": True}, "introspection needs"),
        ({"issuer": None, "issuers": [OURS, OURS]}, "listed twice"),
        ({"sender": 0}, "sender is"),
        ({"danger_allow_http": "false"}, "danger_allow_http is True or False"),
        ({"introspection": "false"}, "introspection is True or False"),
        (
            {"issuer": None, "issuers": [TrustedIssuer(issuer="https://a.example.com", audience="a")], "audience": ""},
            "audience",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused_by_name(changes: dict[str, Any], sentence: str) -> None:
    """Each of them would otherwise be ignored in silence, by somebody who believes in it."""
    with pytest.raises(VerifierSettingsError, match=sentence):
        Verifier(**{**GOOD, **changes})


def test_an_issuer_is_shown_no_credentials_but_its_own() -> None:
    """Whoever is trusted to sign tokens is not thereby trusted with a secret of another issuer."""
    theirs = TrustedIssuer(issuer="https://other.example.com", credentials=ResourceCredentials("api", "t" * 32))
    settings = read_options({"audience": "https://api.example.com", "issuers": [OURS, theirs]})
    read = [issuer.revocation for issuer in settings.issuers]
    assert [revocation and revocation.credentials for revocation in read] == [None, theirs.credentials]


def test_strictness_about_one_issuer_of_several_is_enough() -> None:
    Verifier(
        audience="https://api.example.com",
        issuers=[OURS, TrustedIssuer(issuer="https://tenant.auth0.com/", profile="auth0")],
        on_stale_revocations="reject",
    )


def test_none_stands_for_what_is_not_said() -> None:
    Verifier(**GOOD, issuers=None)
    Verifier(audience=None, issuers=[TrustedIssuer(issuer="https://a.example.com", audience="a")])


def test_j09_one_string_is_no_allow_list() -> None:
    with pytest.raises(TypeError):
        Verifier(**GOOD, keys=KEY, algorithms="ES256")


@pytest.mark.parametrize("scheme", ["http", "file", "ftp", "data", "gopher", "HTTPX", ""])
def test_j86_only_https_is_fetched(scheme: str) -> None:
    for setting in ("issuer", "metadata_url", "jwks_url"):
        with pytest.raises(VerifierSettingsError):
            Verifier(**{**GOOD, setting: f"{scheme}://auth.example.com/x"})


@pytest.mark.parametrize("host", ["localhost:8400", "127.0.0.1:8400", "[::1]:8400"])
def test_plain_http_to_this_machine_is_allowed(host: str) -> None:
    Verifier(**{**GOOD, "issuer": f"http://{host}"})


def test_plain_http_to_another_machine_is_asked_for_loudly() -> None:
    Verifier(**GOOD, jwks_url="http://issuer:8400/jwks", danger_allow_http=True)


def test_with_keys_given_the_issuer_may_be_any_name() -> None:
    Verifier(issuer="joe", audience="api", keys=KEY)
