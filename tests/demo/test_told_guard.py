"""A guard that tells what it did is a guard like any other."""

from fastapi.testclient import TestClient

from watchword.demo.app import create_app
from watchword.demo.settings import DemoSettings
from watchword.jose.jwk import Key
from watchword.verify.testing import FakeIssuer

ISSUER = "https://auth.example.com"
ORIGIN = "http://localhost:8401"
SETTINGS = DemoSettings(issuer=ISSUER, origin=ORIGIN, audience=ORIGIN, client_id="orders-demo", client_secret="canary")


def test_a_proof_of_possession_is_used_once_and_only_once() -> None:
    """What measures must not use it up, neither while keys are fetched nor afterwards."""
    key = Key.generate("ES256")
    with FakeIssuer(ISSUER, audience=ORIGIN) as issuer, TestClient(create_app(SETTINGS), base_url=ORIGIN) as http:
        token = issuer.token("alice", scopes=["orders:read"], dpop_key=key)
        for more in ({}, {}, {"demo-clock-ahead": "1"}):
            proof = issuer.dpop_headers(token, key, method="GET", url=f"{ORIGIN}/orders")
            answer = http.get("/orders", headers=proof | more)
            assert answer.status_code == 200, answer.text
            assert http.get("/orders", headers=proof).json()["code"] == "sender_proof_invalid"
        bearer = http.get("/orders", headers={"Authorization": f"Bearer {token}"})
        assert bearer.status_code == 401
