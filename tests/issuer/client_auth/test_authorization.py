"""One Authorization header, and an imported secret when the pool is full; O36, O52."""

import base64
from dataclasses import replace

import pytest
from tests.issuer.issuing import SECRET, World, client_of

from watchword.authn.factors.password import PasswordHasher
from watchword.authn.factors.password_hash import Cost
from watchword.issuer.app import create_app

pytestmark = pytest.mark.anyio

FORM = {"grant_type": "client_credentials", "token": "x"}


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/userinfo"])
async def test_o36_two_authorization_headers_are_not_one(world: World, path: str) -> None:
    """A proxy may have judged the other."""
    client = await world.client()
    good = "Basic " + base64.b64encode(f"{client.id}:{SECRET}".encode()).decode()
    if path == "/userinfo":
        good = f"Bearer {(await world.sign_in(client, resources=()))['access_token']}"
    assert (await world.http.post(path, data=FORM, headers={"authorization": good})).status_code == 200
    for other in (good, "", "Basic eDp5", "Bearer x"):
        for pair in ((good, other), (other, good)):
            headers = [("authorization", value) for value in pair]
            answer = await world.http.post(path, data=FORM, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), pair


async def test_o52_an_imported_secret_meets_a_full_pool(world: World) -> None:
    """The client is told when to come back, wherever it came; it is no fault of the server's."""
    client = await world.client(secret_hash=await world.issuer.passwords.hash(SECRET))
    full = PasswordHasher(workers=1, queue=-1, cost=Cost(memory=1024, passes=1, lanes=1))
    try:
        async with client_of(create_app(replace(world.issuer, passwords=full))) as http:
            for path in ("/token", "/introspect", "/revoke"):
                answer = await http.post(path, data=FORM, auth=(client.id, SECRET))
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), answer.text
    finally:
        full.close()
