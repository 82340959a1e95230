"""Every fixture here but ``client`` comes with Watchword; nothing is mocked, and nothing leaves the process."""

import pytest
from django.test import Client


@pytest.fixture
def client():
    return Client()


def test_nobody_gets_in_without_a_token(client):
    assert client.get("/orders").status_code == 401


def test_readers_see_their_own_orders(client, auth_headers):
    answer = client.get("/orders", headers=auth_headers("alice", scopes=["orders:read"]))
    assert answer.json() == [{"owner": "alice", "item": "a kettle"}]


def test_orders_of_others_are_refused(client, signed_in):
    with signed_in("alice", scopes=["orders:read"]):  # sends the token with every request
        assert client.get("/orders/1").status_code == 200
        assert client.get("/orders/2").status_code == 403
        assert client.get("/orders/3").status_code == 404


def test_writing_needs_another_scope(client, signed_in):
    with signed_in("carol", scopes=["orders:read"]):
        refused = client.post("/orders", {"item": "a chair"})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    with signed_in("carol", scopes=["orders:read", "orders:write"]):
        assert client.post("/orders", {"item": "a chair"}).json()["owner"] == "carol"


def test_only_admins_see_everything(client, auth_headers):
    assert client.get("/all-orders", headers=auth_headers("alice")).status_code == 403
    assert client.get("/all-orders", headers=auth_headers("root", roles=["admin"])).status_code == 200


def test_a_token_ends(client, issuer, signed_in):
    with signed_in("alice", scopes=["orders:read"], expires_in=300):
        assert client.get("/orders").status_code == 200
        issuer.advance(300)
        assert client.get("/orders").status_code == 401


def test_a_token_is_withdrawn(client, issuer, signed_in):
    with signed_in("alice", scopes=["orders:read"]):
        assert client.get("/orders").status_code == 200
        issuer.revoke(subject="alice")
        assert client.get("/orders").status_code == 401
