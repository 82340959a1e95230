"""STEPS 4 and 5 by HTTP: the API acts for whoever may, and says exactly why it does not."""

import httpx2
import pytest
from tests.client.toy_issuer import ToyIssuer

from watchword.clock import SettableClock
from watchword.demo.settings import DemoSettings


def call(demo: DemoSettings, method: str, path: str, token: str | None, item: str | None = None) -> httpx2.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    json = None if item is None else {"item": item}
    return httpx2.request(method, f"{demo.origin}{path}", headers=headers, json=json, trust_env=False)


def metadata_url(demo: DemoSettings) -> str:
    return f"{demo.origin}/.well-known/oauth-protected-resource"


def test_without_a_token_it_says_where_to_get_one(demo: DemoSettings) -> None:
    answer = call(demo, "GET", "/orders", None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="{demo.audience}", resource_metadata="{metadata_url(demo)}"'
    )
    document = httpx2.get(metadata_url(demo), trust_env=False).json()
    assert document["resource"] == demo.audience
    assert document["authorization_servers"] == [demo.issuer]
    assert document["scopes_supported"] == ["orders:read", "orders:write"]


def test_orders_are_read_and_placed(demo: DemoSettings, issuer: ToyIssuer) -> None:
    reader = issuer.access_token(demo.audience, "orders:read")
    before = call(demo, "GET", "/orders", reader)
    assert before.status_code == 200
    assert before.json()
    placed = call(demo, "POST", "/orders", issuer.access_token(demo.audience, "orders:write"), "a cortado")
    assert placed.status_code == 201
    assert placed.json()["placed_by"] == "alice-id"
    assert call(demo, "GET", "/orders", reader).json() == [*before.json(), placed.json()]


def test_a_missing_scope_is_named(demo: DemoSettings, issuer: ToyIssuer) -> None:
    answer = call(demo, "POST", "/orders", issuer.access_token(demo.audience, "orders:read"), "a cortado")
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="orders:write"' in challenge
    assert f'resource_metadata="{metadata_url(demo)}"' in challenge


def test_only_an_administrator_cancels(demo: DemoSettings, issuer: ToyIssuer) -> None:
    anybody = issuer.access_token(demo.audience, "orders:read orders:write")
    administrator = issuer.access_token(demo.audience, "orders:write", roles=["admin"])
    order = call(demo, "GET", "/orders", anybody).json()[0]
    assert call(demo, "DELETE", f"/orders/{order['id']}", anybody).status_code == 403
    assert order in call(demo, "GET", "/orders", anybody).json()
    assert call(demo, "DELETE", f"/orders/{order['id']}", administrator).status_code == 204
    assert order not in call(demo, "GET", "/orders", anybody).json()
    assert call(demo, "DELETE", f"/orders/{order['id']}", administrator).status_code == 404


def test_one_changed_character_is_refused(demo: DemoSettings, issuer: ToyIssuer) -> None:
    token = issuer.access_token(demo.audience, "orders:read")
    for index in (5, len(token) // 2, len(token) - 20):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        answer = call(demo, "GET", "/orders", changed)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_tokens_that_are_not_for_here_are_refused(demo: DemoSettings, issuer: ToyIssuer, clock: SettableClock) -> None:
    """J65: an ID token is no access token, whoever signed it."""
    good = issuer.access_token(demo.audience, "orders:read")
    asked = {"client_id": demo.audience, "nonce": "n"}
    for token in (
        issuer.access_token("https://other.example", "orders:read"),
        issuer.access_token(demo.audience, "orders:read", iss="https://other.example"),
        issuer._id_token(asked, good),
    ):
        assert call(demo, "GET", "/orders", token).status_code == 401
    assert call(demo, "GET", "/orders", good).status_code == 200
    clock.advance(300)
    assert call(demo, "GET", "/orders", good).status_code == 401


@pytest.mark.parametrize("item", ["", "x" * 81])
def test_a_wrong_order_is_refused(demo: DemoSettings, issuer: ToyIssuer, item: str) -> None:
    writer = issuer.access_token(demo.audience, "orders:write")
    assert call(demo, "POST", "/orders", writer, item).status_code == 422


def test_a_huge_body_is_refused(demo: DemoSettings, issuer: ToyIssuer) -> None:
    writer = issuer.access_token(demo.audience, "orders:write")
    assert call(demo, "POST", "/orders", writer, "x" * 70_000).status_code == 413


def test_a_request_may_only_make_the_clock_stricter(
    demo: DemoSettings, issuer: ToyIssuer, clock: SettableClock
) -> None:
    """A person sees a token expire without waiting; nobody makes an expired one live again."""
    token = issuer.access_token(demo.audience, "orders:read")

    def ask(ahead: str) -> httpx2.Response:
        headers = {b"authorization": f"Bearer {token}".encode(), b"demo-clock-ahead": ahead.encode("latin-1")}
        return httpx2.get(f"{demo.origin}/orders", headers=headers, trust_env=False)

    expired = ask("301")
    assert expired.status_code == 401
    assert expired.json()["code"] == "token_expired"
    # For that request alone.
    assert call(demo, "GET", "/orders", token).status_code == 200
    for nothing in ("", "0", "-400", "1e9", "9" * 7, "1 0", "²"):
        assert ask(nothing).status_code == 200
    clock.advance(301)
    for ahead in ("-400", "0", "1", "86400"):
        assert ask(ahead).status_code == 401


def test_another_api_in_the_same_house_takes_no_token_of_the_orders(demo: DemoSettings, issuer: ToyIssuer) -> None:
    refused = call(demo, "GET", "/payroll", issuer.access_token(demo.audience, "orders:read"))
    assert refused.status_code == 401
    assert refused.json()["code"] == "audience_mismatch"
    assert call(demo, "GET", "/payroll", issuer.access_token(f"{demo.audience}/payroll", "")).status_code == 200


def test_it_tells_whether_it_had_to_ask(demo: DemoSettings, issuer: ToyIssuer) -> None:
    token = issuer.access_token(demo.audience, "orders:read")
    first, second = (call(demo, "GET", "/orders", token).headers["server-timing"] for _ in range(2))
    assert "asked the issuer for its keys" in first
    assert "no network" in second
    refused = call(demo, "GET", "/orders", token[:-4] + "AAAA")
    assert refused.status_code == 401
    assert "no network" in refused.headers["server-timing"]
    assert "server-timing" not in call(demo, "GET", "/", None).headers
