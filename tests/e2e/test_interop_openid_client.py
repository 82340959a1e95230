"""The whole flow by panva's `openid-client` from npm, in a process of Node.js."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx2
import jwt as pyjwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from tests.e2e.conftest import CALLBACK, GOODBYE, PASSWORD, WEB_CLIENT
from tests.e2e.installation import Installation

NODE_TESTS = Path(__file__).parent.parent / "interop" / "node"

pytestmark = [pytest.mark.slow, pytest.mark.node]


@pytest.fixture(scope="module")
def seen(running: Installation) -> dict[str, object]:
    node = shutil.which("node")
    assert node is not None, "Node.js is missing: scripts/test installs it"
    assert (NODE_TESTS / "node_modules" / "openid-client").is_dir(), "run `npm ci` in tests/interop/node"
    client_id, secret = WEB_CLIENT
    task = {
        "issuer": running.issuer,
        "client_id": client_id,
        "client_secret": secret,
        "username": "alice",
        "password": PASSWORD,
        "redirect_uri": CALLBACK,
        "post_logout_redirect_uri": GOODBYE,
        "resource": running.ready["resource"],
        "scope": running.ready["scope"],
        "orders": f"{running.demo_api}/orders",
        "service_id": running.ready["client_id"],
        "service_secret": running.ready["client_secret"],
    }
    done = subprocess.run(
        [node, "--no-warnings", "openid_client.mjs"],
        cwd=NODE_TESTS,
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_signs_in_and_reads_who_it_is(seen: dict[str, object]) -> None:
    claims, userinfo = seen["claims"], seen["userinfo"]
    assert isinstance(claims, dict)
    assert isinstance(userinfo, dict)
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["email"] == "alice@example.com"
    assert userinfo["name"] == "Alice Example"


def test_calls_the_api_and_refreshes(seen: dict[str, object]) -> None:
    assert seen["orders"] == 200
    assert str(seen["token_type"]).lower() == "bearer"
    assert seen["refreshed"] is True


def test_a_revoked_refresh_token_is_dead(seen: dict[str, object]) -> None:
    assert seen["after_revocation"] == "invalid_grant"


def test_a_service_gets_a_token_by_its_registered_method_only(seen: dict[str, object]) -> None:
    machine = seen["machine"]
    assert isinstance(machine, dict)
    assert machine["expires_in"] <= 300
    refusal = seen["unregistered_method"]
    assert isinstance(refusal, dict)
    assert (refusal["status"], refusal["scheme"], refusal["body"]["error"]) == (401, "basic", "invalid_client")


def test_signs_out_with_its_state(seen: dict[str, object]) -> None:
    assert seen["signed_out"] == f"{GOODBYE}?state=bye"


def test_pyjwt_and_joserfc_verify_both_tokens_from_our_jwks(seen: dict[str, object], running: Installation) -> None:
    access_token, id_token = str(seen["access_token"]), str(seen["id_token"])
    jwks = httpx2.get(f"{running.issuer}/jwks", trust_env=False).json()
    by_kid = {key["kid"]: pyjwt.PyJWK(key) for key in jwks["keys"]}

    header = pyjwt.get_unverified_header(access_token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    claims = pyjwt.decode(
        access_token,
        by_kid[header["kid"]],
        algorithms=["ES256"],
        audience=running.ready["resource"],
        issuer=running.issuer,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
    )
    assert claims["client_id"] == WEB_CLIENT[0]
    identity = pyjwt.decode(
        id_token,
        by_kid[pyjwt.get_unverified_header(id_token)["kid"]],
        algorithms=["RS256"],
        audience=WEB_CLIENT[0],
        issuer=running.issuer,
    )
    assert identity["sub"] == claims["sub"]

    keys = KeySet.import_key_set(jwks)
    assert joserfc_jwt.decode(access_token, keys, algorithms=["ES256"]).claims == claims
    assert joserfc_jwt.decode(id_token, keys, algorithms=["RS256"]).claims == identity
