"""A reader that nobody here wrote finds a token's place, and in our list what it says: @sd-jwt/jwt-status-list."""

import pytest
from tests.interop.node_peers import ask
from tests.issuer.issuing import ISSUER, World
from tests.issuer.revocation.test_status_lists import opt_in, place_of, strike

from watchword.oauth.status_list import TYPE

pytestmark = [pytest.mark.anyio, pytest.mark.node]


async def test_a_foreign_reader_reads_our_list(world: World) -> None:
    await opt_in(world)
    client = await world.client()
    tokens = [(await world.sign_in(client))["access_token"] for _ in range(4)]
    places = [await place_of(world, token) for token in tokens]
    for struck in (1, 3):
        await strike(world, "grant", tokens[struck], client)
    (uri,) = {uri for uri, _ in places}
    text = (await world.http.get(uri.removeprefix(ISSUER))).text
    key = next(one for one in (await world.http.get("/jwks")).json()["keys"] if one["alg"] == "ES256")
    now = int(world.clock.now())
    signature = {"do": "verify", "alg": "ES256", "key": "issuer", "token": text, "typ": TYPE, "now": now}
    answers = ask(
        [
            {"do": "keys", "keys": {"issuer": key}},
            {"peer": "jose", **signature},
            *({"do": "place", "token": token} for token in tokens),
            {"do": "statuses", "token": text, "idxs": [idx for _, idx in places]},
        ]
    )
    assert answers[1]["claims"]["sub"] == uri
    assert [(one["uri"], one["idx"]) for one in answers[2:6]] == places
    assert answers[6] == {"statuses": [0, 1, 0, 1]}
