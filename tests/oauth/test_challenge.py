"""RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1."""

import pytest

from watchword.oauth.challenge import www_authenticate


def test_a_bearer_challenge_names_the_realm_alone_when_nothing_was_presented() -> None:
    assert www_authenticate(realm="https://api.example.com") == 'Bearer realm="https://api.example.com"'


def test_a_step_up_challenge_says_which_sign_in_would_do() -> None:
    """The example of RFC 9470 section 3, with our realm."""
    assert (
        www_authenticate(
            realm="api", error="insufficient_user_authentication", acr_values=("myACR", "other"), max_age=5
        )
        == 'Bearer realm="api", error="insufficient_user_authentication", acr_values="myACR other", max_age="5"'
    )


def test_max_age_zero_is_said() -> None:
    assert www_authenticate(realm="api", max_age=0) == 'Bearer realm="api", max_age="0"'


def test_a_dpop_challenge_says_which_algorithms_a_proof_may_have() -> None:
    assert (
        www_authenticate(scheme="DPoP", realm="api", error="use_dpop_nonce", algorithms=("ES256", "Ed25519"))
        == 'DPoP realm="api", error="use_dpop_nonce", algs="ES256 Ed25519"'
    )


@pytest.mark.parametrize("name", ["realm", "error", "resource_metadata"])
@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\r\nX: y", "é"])
def test_nothing_can_break_out_of_its_quotes(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        www_authenticate(**{"realm": "api", name: value})  # type: ignore[arg-type]


def test_a_description_is_made_harmless() -> None:
    assert 'error_description="a?b?"' in www_authenticate(realm="api", description='a"b\n')
