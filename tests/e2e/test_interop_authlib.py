"""The whole flow by Authlib from PyPI."""

import secrets
from typing import Any

import httpx2
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from tests.e2e.conftest import CALLBACK, WEB_CLIENT
from tests.e2e.installation import Installation
from tests.e2e.person import Person

pytestmark = pytest.mark.slow


@pytest.fixture
def metadata(running: Installation) -> dict[str, Any]:
    answer: dict[str, Any] = httpx2.get(f"{running.issuer}/.well-known/openid-configuration", trust_env=False).json()
    return answer


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_code_flow_refresh_and_revocation(running: Installation, metadata: dict[str, Any], alice: Person) -> None:
    client_id, secret = WEB_CLIENT
    resource = running.ready["resource"]
    session = OAuth2Session(
        client_id,
        secret,
        token_endpoint_auth_method="client_secret_basic",
        revocation_endpoint_auth_method="client_secret_basic",
        redirect_uri=CALLBACK,
        scope="openid offline_access orders:read",
        code_challenge_method="S256",
    )
    verifier = secrets.token_urlsafe(40)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1", resource=resource
    )
    assert create_s256_code_challenge(verifier) in url
    back = alice.visit(url, CALLBACK)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier, resource=resource
    )
    assert session.get(f"{running.demo_api}/orders").status_code == 200

    first = token["refresh_token"]
    fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=first, resource=resource)
    assert fresh["access_token"] != token["access_token"]
    assert session.get(f"{running.demo_api}/orders").status_code == 200

    last = fresh.get("refresh_token", first)
    assert session.revoke_token(metadata["revocation_endpoint"], token=last).status_code == 200
    refused = httpx2.post(
        metadata["token_endpoint"],
        data={"grant_type": "refresh_token", "refresh_token": last},
        auth=WEB_CLIENT,
        trust_env=False,
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_client_credentials(running: Installation, metadata: dict[str, Any]) -> None:
    session = OAuth2Session(
        running.ready["client_id"],
        running.ready["client_secret"],
        token_endpoint_auth_method="client_secret_basic",
        scope=running.ready["scope"],
    )
    token = session.fetch_token(
        metadata["token_endpoint"], grant_type="client_credentials", resource=running.ready["resource"]
    )
    assert token["token_type"].lower() == "bearer"
    assert session.get(f"{running.demo_api}/orders").status_code == 200
