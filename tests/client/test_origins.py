"""The token goes to the API it is for, and nowhere else (RFC 6750 section 5.2, RFC 9700 section 4.10)."""

from typing import Any

import httpx2
import pytest
from tests.client.libraries import Library
from tests.client.machine_issuer import SECRET, MachineIssuer, machine_issuer

from watchword.client.errors import ClientSettingsError, UntrustedOriginError
from watchword.client.origins import AllowedOrigins


def credentials(library: Library, machines: MachineIssuer, **changes: Any) -> Any:
    options = {"resource": machines.api, "clock": machines.clock, **changes}
    return library.client_credentials(
        issuer=machines.issuer, client_id="worker", client_secret=SECRET, **{k: v for k, v in options.items() if v}
    )


@pytest.mark.parametrize(
    ("resource", "origins", "url"),
    [
        ("https://api.example.com", (), "https://api.example.com/orders?x=1"),
        ("https://api.example.com/v1", (), "https://API.example.com:443/v2"),
        ("https://api.example.com:8443", (), "https://api.example.com:8443/"),
        ("urn:orders", ("https://api.example.com",), "https://api.example.com/orders"),
        ("api://orders", ("https://one.example", "https://two.example"), "https://two.example/"),
        (None, ("https://api.example.com/whatever",), "https://api.example.com/"),
        ("https://bücher.example", (), "https://xn--bcher-kva.example/"),
        # A browser would go to evil.example; the library connects to the host it names itself, which is what is judged.
        ("https://api.example.com", (), "https://evil.example\\@api.example.com/"),
        ("http://localhost:8401", (), "http://localhost:8401/orders"),
        ("http://[::1]:8401", (), "http://[::1]:8401/orders"),
    ],
)
def test_the_token_goes_to_its_own_origins(resource: str | None, origins: tuple[str, ...], url: str) -> None:
    AllowedOrigins(resource, origins).check(httpx2.URL(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://api.example.com.evil.example/",
        "https://api.example.com@evil.example/",
        "https://evil.example/https://api.example.com/",
        "https://sub.api.example.com/",
        "https://api.example.com:8443/",
        "https://api.example.com./",
        "http://api.example.com/",
        "http://api.example.com:443/",
        "//api.example.com/",
        "/orders",
        "wss://api.example.com/",
        "ftp://api.example.com/",
    ],
)
def test_the_token_goes_nowhere_else(url: str) -> None:
    try:
        target = httpx2.URL(url)
    except httpx2.InvalidURL:
        return  # the library itself does not go there
    with pytest.raises(UntrustedOriginError):
        AllowedOrigins("https://api.example.com").check(target)


@pytest.mark.parametrize("danger", [False, True])
def test_plain_http_beyond_this_machine_needs_its_own_danger(danger: bool) -> None:
    with pytest.raises(ClientSettingsError):
        AllowedOrigins("http://api.internal")
    AllowedOrigins("http://api.internal", danger_allow_http=True).check(httpx2.URL("http://api.internal/"))
    anywhere = AllowedOrigins(None, danger_any_origin=True, danger_allow_http=danger)
    anywhere.check(httpx2.URL("https://wherever.example/"))
    if danger:
        anywhere.check(httpx2.URL("http://wherever.example/"))
    else:
        with pytest.raises(UntrustedOriginError):
            anywhere.check(httpx2.URL("http://wherever.example/"))


@pytest.mark.parametrize(
    ("resource", "origins"),
    [
        (None, ()),
        ("urn:orders", ()),
        ("orders", ()),
        ("", ()),
        ("https://api.example.com", ("api.example.com",)),
        ("https://api.example.com", ("*",)),
        ("https://api.example.com", ("ftp://api.example.com",)),
        ("https://api.example.com", "https://api.example.com"),
    ],
)
def test_who_does_not_say_where_is_told_at_once(resource: str | None, origins: Any) -> None:
    with pytest.raises(ClientSettingsError):
        AllowedOrigins(resource, origins)


def test_a_request_elsewhere_is_refused_before_anything_is_sent(library: Library, machines: MachineIssuer) -> None:
    auth = credentials(library, machines)
    with pytest.raises(UntrustedOriginError) as refused:
        library.call(auth, "GET", machines.api.replace("localhost", "127.0.0.1"))
    assert refused.value.code == "untrusted_origin"
    assert (machines.calls, machines.token_requests) == ([], [])


def test_any_origin_is_a_danger_that_can_be_chosen(library: Library, machines: MachineIssuer) -> None:
    auth = credentials(library, machines, resource="urn:orders", danger_any_origin=True)
    answer = library.call(auth, "GET", machines.api.replace("localhost", "127.0.0.1"))
    assert answer.status_code == 200


def test_a_redirect_to_another_host_carries_no_token(library: Library, machines: MachineIssuer) -> None:
    """And that host's opinion of the token makes nobody renew it."""
    with machine_issuer(machines.clock) as stranger:
        machines.behaviour.redirect_to = f"{stranger.issuer}/collect"
        auth = credentials(library, machines)
        answer = library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True)
    assert answer.status_code == 401
    assert len(stranger.calls) == 1
    assert "authorization" not in stranger.calls[0].headers
    assert machines.counts["token"] == 1
