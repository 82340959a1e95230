"""What writers and checkers of DPoP proofs must agree on (RFC 9449 sections 4.2 and 4.3, RFC 3986 section 6.2)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchword.jose.algorithms import BY_NAME
from watchword.oauth.dpop import PROOF_ALGORITHMS, ath, normal_uri


def test_the_hash_of_a_token_is_the_one_that_rfc_9449_section_7_1_shows() -> None:
    assert ath("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU") == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_a_token_that_is_not_ascii_has_no_hash_and_does_not_stand_in_the_error() -> None:
    with pytest.raises(ValueError, match="ASCII") as caught:
        ath("canary\u00e9")
    assert "canary" not in repr(caught.value)


def test_o44_no_shared_secret_can_make_a_proof() -> None:
    assert PROOF_ALGORITHMS
    assert not any(BY_NAME[name].is_symmetric for name in PROOF_ALGORITHMS)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/orders",
        "HTTPS://API.Example.COM/orders",
        "https://api.example.com:443/orders",
        "https://api.example.com:/orders",
        "https://api.example.com:0443/orders",
        "https://api.example.com/orders?page=2",
        "https://api.example.com/orders#top",
        "https://api.example.com/orders?page=2#top",
        "https://api.example.com/orders#top?page=2",
        "https://api.example.com/%6frders",
        "https://api.example.com/%6Frders",
        "https://api.example.com/./orders",
        "https://api.example.com/x/../orders",
        "https://api.example.com/../orders",
        "https://api.example.com/x/%2e%2E/orders",
    ],
)
def test_o43_what_means_the_same_target_is_the_same(url: str) -> None:
    assert normal_uri(url) == "https://api.example.com/orders"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/orders",
        "https://api.example.com:8443/orders",
        "https://api.example.com:80/orders",
        "https://api.example.com./orders",
        "https://api.example.org/orders",
        "https://api.example.com/Orders",
        "https://api.example.com/orders/",
        "https://api.example.com//orders",
        "https://api.example.com/%2Forders",
        "https://api.example.com/orders%3Fpage=2",
        "https://api.example.com/orders/..",
        "https://api.example.com",
    ],
)
def test_o43_what_means_another_target_is_another(url: str) -> None:
    assert normal_uri(url) != "https://api.example.com/orders"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://api.example.com", "https://api.example.com/"),
        ("https://api.example.com?a", "https://api.example.com/"),
        ("http://api.example.com:80", "http://api.example.com/"),
        ("http://[::1]:8000/a%2fb/%7euser", "http://[::1]:8000/a%2Fb/~user"),
        ("https://a.example/x/..", "https://a.example/"),
        ("https://a.example/x/.", "https://a.example/x/"),
        ("https://a.example/x//../y", "https://a.example/x/y"),
        ("https://a.example/%252e", "https://a.example/%252e"),
    ],
)
def test_o43_the_normal_form(url: str, normal: str) -> None:
    assert normal_uri(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/orders",
        "api.example.com/orders",
        "//api.example.com/orders",
        "wss://api.example.com/orders",
        "https:/api.example.com/orders",
        "https:///orders",
        "https://user@api.example.com/orders",
        "https://user:secret@api.example.com/orders",
        "https://api.example.com@evil.example/orders",
        "https://@api.example.com/orders",
        "https://api.example.com:0/orders",
        "https://api.example.com:65536/orders",
        "https://api.example.com:443443/orders",
        "https://api.example.com\\orders",
        "https://api.example.com/or ders",
        "https://api.example.com/orders\n",
        "https://api.example.com/%zz",
        "https://api.example.com/%6",
        "https://api.example.com/\u00f6",
        "https://\u212apple.example/orders",  # the Kelvin sign, which is a k to whoever ignores case
        "https://api%2eexample.com/orders",
    ],
)
def test_o43_what_is_no_plain_target_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="target"):
        normal_uri(url)


_SEGMENTS = st.text(alphabet=".%2eE/aF~7:@;=?#", max_size=20)


@given(scheme=st.sampled_from(["http", "HTTPS", "Https"]), port=st.integers(1, 65535), path=_SEGMENTS)
@example(scheme="https", port=443, path="%2e%2E/%2e/..//.")
def test_o43_a_normal_form_is_its_own_normal_form(scheme: str, port: int, path: str) -> None:
    try:
        normal = normal_uri(f"{scheme}://API.example:{port}/{path}")
    except ValueError:
        return
    assert normal_uri(normal) == normal
    assert not {".", ".."} & set(normal.split("/"))


@given(st.text())
def test_o43_any_text_is_normalised_or_refused_and_nothing_else(text: str) -> None:
    try:
        normal = normal_uri(text)
    except ValueError:
        return
    assert normal_uri(normal) == normal
