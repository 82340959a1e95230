"""What the issuer says of itself: discovery, keys and probes; CONFORMANCE 5.1, O71, R37."""

from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import pytest
from tests.issuer.issuing import ISSUER, World, client_of

from watchword.issuer.app import ENDPOINTS, create_app
from watchword.issuer.client_auth import CLIENT_AUTH_METHODS
from watchword.issuer.grants import GRANTS
from watchword.issuer.health import KEPT
from watchword.issuer.revocation import withdraw
from watchword.store.repositories import signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.signing_keys import SigningKey

pytestmark = pytest.mark.anyio

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"

# https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata, RFC 8414 section 2, RFC 9207 section 3,
# Token Status List section 9.2,
# OpenID Connect RP-Initiated Logout section 2.1, Initiating User Registration section 4.
REGISTERED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "claim_types_supported",
    "claims_supported",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
    "authorization_response_iss_parameter_supported",
    "status_list_aggregation_endpoint",
    "end_session_endpoint",
    "prompt_values_supported",
}


async def test_the_document_has_what_the_specifications_require(world: World) -> None:
    answer = await world.http.get(OPENID)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    document = answer.json()
    assert document["issuer"] == ISSUER, "byte for byte"
    assert set(document) <= REGISTERED, "no member the specifications do not know"
    assert document["response_types_supported"] == ["code"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert "openid" in document["scopes_supported"]
    assert document["subject_types_supported"] == ["public"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["acr_values_supported"]
    for name, value in document.items():
        if isinstance(value, list):
            assert value, f"{name}: RFC 8414 section 2 has members with zero elements left out"
            assert len(set(value)) == len(value), f"{name} repeats itself"


async def test_the_document_says_what_is_there(world: World) -> None:
    """Computed from what is registered: every address answers, every method and grant type exists."""
    document = (await world.http.get(OPENID)).json()
    assert document["grant_types_supported"] == [grant.grant_type for grant in GRANTS]
    assert document["token_endpoint_auth_methods_supported"] == [method.name for method in CLIENT_AUTH_METHODS]
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    routes = {route.path for route in ENDPOINTS}
    for name, value in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(f"{ISSUER}/")
            assert urlsplit(value).path in routes, name
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]


async def test_both_documents_agree(world: World) -> None:
    openid, oauth = (await world.http.get(OPENID)).json(), (await world.http.get(OAUTH)).json()
    assert openid == oauth


ADDRESSES = ("jwks_uri", "snapshot_uri", "pages_uri", "poll_uri", "events_uri")


async def test_the_revocation_feed_is_announced_in_a_document_of_its_own(world: World) -> None:
    """docs/protocol/revocation.md, "Where it is"; what it names is there."""
    answer = await world.http.get("/.well-known/watchword-configuration")
    assert answer.headers["access-control-allow-origin"] == "*"
    document = answer.json()
    assert set(document) == {"issuer", "revocation"}, "there is no command-line client here"
    assert document["issuer"] == ISSUER
    feed = document["revocation"]
    addresses = {name: feed.pop(name) for name in ADDRESSES}
    assert feed == {"version": 1, "events_credentials": "none", "heartbeat": 5, "stale_after": 30}
    routes = {route.path for route in ENDPOINTS}
    for address in addresses.values():
        assert address.startswith(f"{ISSUER}/")
        assert urlsplit(address).path in routes


async def test_events_ask_for_credentials_wherever_others_could_connect(world: World) -> None:
    issuer = replace(world.issuer, settings=replace(world.issuer.settings, local=False))
    async with client_of(create_app(issuer)) as http:
        feed = (await http.get("/.well-known/watchword-configuration")).json()["revocation"]
        assert feed["events_credentials"] == "resource_server"
        assert (await http.get("/revocation/events")).status_code == 401


async def test_where_push_is_off_it_is_neither_announced_nor_there(world: World) -> None:
    issuer = replace(world.issuer, settings=replace(world.issuer.settings, push=False))
    async with client_of(create_app(issuer)) as http:
        feed = (await http.get("/.well-known/watchword-configuration")).json()["revocation"]
        assert {"events_uri", "events_credentials"}.isdisjoint(feed)
        assert (await http.get("/revocation/events")).status_code == 404
        assert (await http.get("/revocation/snapshot")).status_code == 200
    assert len(issuer.streams) == 0


async def test_the_key_set_is_public_and_every_kid_its_own(world: World) -> None:
    """O71"""
    answer = await world.http.get("/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == f"public, max-age={world.issuer.settings.jwks_max_age}"
    keys = answer.json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 4
    members = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}}
    for key in keys:
        assert set(key) == {"kty", "kid", "use", "alg"} | members[key["kty"]]
    assert all(len(key["n"]) >= 342 for key in keys if key["kty"] == "RSA"), "2048 bits at least"


async def test_r37_ready_means_that_every_kind_of_token_can_be_signed(world: World) -> None:
    assert (await world.http.get("/readyz")).status_code == 200
    for algorithm in ("RS256", "RS256"):
        find = partial(signing_keys.find_in_state, purpose="token", algorithm=algorithm, state="active")
        active = await world.issuer.store.read(find)
        assert isinstance(active, SigningKey)
        job = partial(withdraw.key, kid=active.kid, reason="leaked", actor=SYSTEM, now=world.clock.now())
        await world.issuer.store.write(job)
    await world.issuer.keys.refresh()
    world.clock.advance(KEPT)
    answer = await world.http.get("/readyz")
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"status": "not ready"}, "2")
    report = await world.issuer.health.report()
    assert [name for name, state in report.checks.items() if state != "ok"] == ["keys"]
    assert (await world.http.get("/healthz")).status_code == 200
