"""Two hundred ways to ask for an answer elsewhere, at three registered addresses (O01 to O03)."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.issuer.browsing import Browser, request_of
from tests.issuer.issuing import World

pytestmark = [
    pytest.mark.anyio,
    # The rule compares texts: which database keeps them makes no difference.
    pytest.mark.parametrize("store_url", ["sqlite"], indirect=True),
]

WEB = "https://app.example/callback"
QUERY = "https://app.example/callback?dummy1=lorem&dummy2=ipsum"
LOOPBACK = "http://127.0.0.1/callback"
REGISTERED = (WEB, QUERY, LOOPBACK)


def variants(uri: str) -> list[str]:
    """What attackers send for ``uri``: each names a CVE of O01 or a confusion between two parsers of URLs."""
    scheme, _, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    tail = slash + path
    appended = ["/", "/..", "/../evil", "%2e", "%2f", "%00", "%0a", "\t", "\n", " ", ".", ";", ";x", "#",
                "#x", "#@evil",
                "?", "&", "?x=y", "&x=y", "&code=1", "?code=1", "&state=2", "\\", "%5c", "%20", "//", "a",
                "*", "%ff",
                "?redirect_uri=https://evil.example", "/../../evil", "/..;/evil", "%252e", "\u00e9",
                "\u202e", "\x7f"]  # fmt: skip
    authorities = ["evil.example", f"{authority}.evil.example", f"evil.{authority}", f"evil{authority}",
                   f"{authority}.",
                   f"{authority}@evil.example", f"evil.example@{authority}", f"user:pw@{authority}",
                   f"{authority}%00",
                   f"evil.example#{authority}", f"evil.example\\{authority}", f"evil.example%23{authority}",
                   f"evil.example;{authority}", f"evil.example/{authority}", f"evil.example?{authority}",
                   f"evil.example\t{authority}", f"{authority}\\@evil.example", f"{authority}:443",
                   f"{authority}:80x",
                   f"{authority}:", f"{authority}:0", f"{authority}:99999", f"{authority}:8443@evil.example",
                   authority.upper(), authority.replace(".", "-"), authority.replace(".", "\u3002"),
                   authority.replace("a", "\u0430"), authority.replace("1", "\uff11"), "[::1]",
                   "[::ffff:7f00:1]",
                   "localhost", "127.0.0.2", "127.1", "2130706433", "0x7f.1", "0.0.0.0",
                   "127.0.0.1.evil.example",
                   "xn--app-example", "*.example", f"[{authority}]"]  # fmt: skip
    schemes = [
        "http",
        "https",
        "HTTPS",
        "Http",
        "ftp",
        "file",
        "javascript",
        "data",
        "ws",
        "com.evil",
        "",
        "https:https",
    ]
    paths = ["/", "", tail.upper(), tail.replace("c", "C"), tail.replace("c", "%63"), "/." + tail, "/.." + tail,
             "/x/.." + tail, "/%2e%2e" + tail, "/..;" + tail, "//" + tail, "/" + tail, "\\" + tail,
             tail.replace("/", "\\"),
             tail[:-1], tail + tail, "/./" + tail, "/%2f" + tail, "/;" + tail, "?" + tail]  # fmt: skip
    made = [uri + text for text in appended]
    made += [f"{scheme}://{other}{tail}" for other in authorities]
    made += [f"{other}://{authority}{tail}" for other in schemes]
    made += [f"{scheme}://{authority}{other}" for other in paths]
    made += [f" {uri}", f"\t{uri}", uri[1:], uri[:-1], uri.upper(), uri.replace("://", ":/"),
             uri.replace("://", ":///"),
             uri.replace("://", ":\\\\"), uri.replace("://", ":"), f"//{rest}", f"/{rest}",
             rest, tail, "javascript:alert(1)",
             "JaVaScRiPt:alert(1)", "data:text/html,x", "about:blank", f"{uri},{uri}", f"{uri} {uri}",
             f"blob:{uri}",
             f"view-source:{uri}", "urn:ietf:wg:oauth:2.0:oob", f"<{uri}>",
             f'"{uri}"', f"{uri}\r\nLocation: https://evil",
             uri.replace("e", "%65"), uri.replace("/", "%2f"), json.dumps([uri])]  # fmt: skip
    return [text for text in dict.fromkeys(made) if text not in REGISTERED]


async def test_byte_for_byte(world: World) -> None:
    """O01 (fosite CVE-2020-15233, -15234; Keycloak CVE-2024-8883, CVE-2026-3872; authentik CVE-2024-52289), O02, O03:
    whatever is not registered gets a page and no redirect, however wrong the rest of the request is.
    """
    browser = Browser(world, world.http)
    public = await world.public_client(redirect_uris=REGISTERED)
    confidential = await world.client(redirect_uris=REGISTERED)
    tried = [text for uri in REGISTERED for text in variants(uri)]
    assert len(tried) > 390
    for client in (public, confidential):
        for uri in tried:
            if client is public and uri == "http://127.0.0.1:443/callback":
                continue  # the one exception, tested below
            wrong = {} if client is public else {"response_type": "token", "prompt": "none", "scope": "\x7f"}
            answer = await browser.authorize(client, redirect_uri=uri, **wrong)
            assert answer.status_code == 400, uri
            assert "location" not in answer.headers, uri
            assert "evil" not in answer.text, uri


async def test_registered_addresses_work_as_registered(world: World) -> None:
    """The query of a registered address stays, byte for byte, before what the answer adds."""
    browser = Browser(world, world.http)
    client = await world.public_client(redirect_uris=REGISTERED)
    for uri in REGISTERED:
        answer = await browser.authorize(client, redirect_uri=uri, prompt="none")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(uri + ("&" if "?" in uri else "?") + "error=login_required")


async def test_the_port_of_a_loopback_address_is_free_for_public_clients_alone(world: World) -> None:
    """RFC 8252 section 7.3; the three names of loopback never stand for one another."""
    browser = Browser(world, world.http)
    public = await world.public_client(redirect_uris=REGISTERED)
    asked = "http://127.0.0.1:49152/callback"
    answer = await browser.authorize(public, redirect_uri=asked, prompt="none")
    assert answer.headers["location"].startswith(asked + "?error=login_required")
    confidential = await world.client(redirect_uris=REGISTERED)
    assert (await browser.authorize(confidential, redirect_uri=asked)).status_code == 400
    for other in ("http://localhost:49152/callback", "http://[::1]:49152/callback", "http://127.0.0.1:49152/other"):
        assert (await browser.authorize(public, redirect_uri=other)).status_code == 400


NAMES = st.sampled_from(
    [
        *(
            "client_id",
            "redirect_uri",
            "response_type",
            "response_mode",
            "scope",
            "state",
            "nonce",
            "prompt",
            "max_age",
        ),
        *("code_challenge", "code_challenge_method", "id_token_hint", "login_hint", "claims", "resource", "request"),
        *("request_uri", "registration", "flow", "iss", "error", "display", "acr_values"),
    ]
)
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            *(WEB, QUERY, LOOPBACK, "https://evil.example/callback", "//evil.example", "javascript:alert(1)"),
            *(
                "code",
                "token",
                "none",
                "login",
                "openid",
                "openid evil",
                "S256",
                "plain",
                "fragment",
                "-1",
                "{",
                "null",
            ),
            *("\r\nLocation: https://evil.example", "https://app.example@evil.example", "\x00", "%"),
        ]
    ),
)


@pytest.mark.exhaustive
@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=st.dictionaries(NAMES, VALUES, max_size=6), left_out=st.sets(NAMES, max_size=3), posted=st.booleans())
async def test_no_error_leads_anywhere_else(
    world: World, changes: dict[str, str], left_out: set[str], posted: bool
) -> None:
    """O03: whatever is sent, a redirect goes to a registered address or stays here, and no header is split (O81)."""
    client = await world.public_client(redirect_uris=REGISTERED)
    parameters = {**request_of(client), **changes}
    sent = {name: value for name, value in parameters.items() if name not in left_out}
    if posted:
        answer = await world.http.post("/authorize", data=sent)
    else:
        answer = await world.http.get("/authorize", params=sent)
    assert answer.status_code in {303, 400}
    location = answer.headers.get("location")
    assert (location is None) == (answer.status_code == 400)
    if location is not None:
        inside = location.startswith(("/login?flow=wwf_", "/consent?flow=wwf_", "/authorize?flow=wwf_"))
        registered = any(location.startswith((uri + "?", uri + "&")) for uri in REGISTERED)
        assert inside or registered, location
    assert "evil.example" not in answer.text
