"""Settings that make no sense are found at construction (THREATS J09, J15, J59, J86)."""

from typing import Any

import pytest

from watchword.jose import Key, KeySet
from watchword.verify import AsyncVerifier, TrustedIssuer, Verifier, VerifierSettingsError

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
