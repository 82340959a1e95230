"""What signs what: chosen only when it signs, and kept as long as it is chosen."""

from functools import partial

import pytest
from tests.admin.conftest import actions

from watchword.admin import algorithm_choice, keys
from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.clock import SettableClock
from watchword.issuer.keys.rotation import KeyStepError, prepublication
from watchword.store.repositories import apis, clients, signing_keys

pytestmark = pytest.mark.anyio

ORDERS = "https://orders.example"
REQUEST = ClientRequest(name="Till", redirect_uris=("https://till.example/callback",))


async def test_an_api_chooses_what_signs_now(desk: AdminDesk, clock: SettableClock) -> None:
    await desk.keys.start()
    api, _ = await add_api(desk, identifier=ORDERS)
    with pytest.raises(KeyStepError, match="add ML-DSA-65 to the keys first"):
        await algorithm_choice.choose_for_api(desk, api.id, "ML-DSA-65")
    await keys.add_algorithm(desk, "ML-DSA-65")
    with pytest.raises(KeyStepError, match="does not sign yet"):
        await algorithm_choice.choose_for_audience(desk, ORDERS, "ML-DSA-65")
    clock.advance(prepublication(desk.settings))
    await desk.keys.advance()
    await algorithm_choice.choose_for_audience(desk, ORDERS, "ML-DSA-65")
    stored = await desk.store.read(partial(apis.find, identifier=ORDERS))
    assert stored is not None
    assert stored.signing_alg == "ML-DSA-65"
    with pytest.raises(KeyStepError, match=f"needed by the API {ORDERS}"):
        await keys.remove_algorithm(desk, "ML-DSA-65")
    await algorithm_choice.choose_for_api(desk, api.id, None)
    await keys.remove_algorithm(desk, "ML-DSA-65")
    assert [one for one in await actions(desk) if one.startswith("api.")] == [
        "api.created",
        "api.signing_alg_changed",
        "api.signing_alg_changed",
    ]
    with pytest.raises(UnknownError):
        await algorithm_choice.choose_for_audience(desk, "https://nobody.example", None)


async def test_a_client_chooses_among_those_that_have_a_hash(desk: AdminDesk, clock: SettableClock) -> None:
    await desk.keys.start()
    client, _ = await add_client(desk, REQUEST)
    for algorithm in ("Ed25519", "ML-DSA-65"):
        await keys.add_algorithm(desk, algorithm)
    with pytest.raises(InvalidRequestError, match="does not sign yet"):
        await algorithm_choice.choose_for_client(desk, client.id, "Ed25519")
    clock.advance(prepublication(desk.settings))
    await desk.keys.advance()
    await algorithm_choice.choose_for_client(desk, client.id, "Ed25519")
    stored = await desk.store.read(partial(clients.find, client_id=client.id))
    assert stored is not None
    assert stored.id_token_alg == "Ed25519"
    with pytest.raises(InvalidRequestError, match="ID tokens are signed with one of"):
        await algorithm_choice.choose_for_client(desk, client.id, "ML-DSA-65")  # at_hash knows no hash for it
    held = {one.name: one for one in await keys.list_algorithms(desk)}
    assert held["Ed25519"].clients == ("Till",)
    assert held["ES256"].is_default


async def test_a_new_client_is_held_to_the_ring(desk: AdminDesk) -> None:
    await add_client(desk, REQUEST)  # before the issuer's first start: what every ring begins with
    await desk.keys.start()
    for algorithm in ("PS256", "HS256", "none"):
        with pytest.raises(InvalidRequestError):
            await add_client(desk, ClientRequest(name="X", redirect_uris=REQUEST.redirect_uris, id_token_alg=algorithm))


async def test_compromise_says_what_signs_now(desk: AdminDesk) -> None:
    await desk.keys.start()
    first = (await desk.keys.signer("ES256")).kid
    second = await keys.compromise(desk, first)
    assert second == (await desk.keys.signer("ES256")).kid != first
    with pytest.raises(InvalidRequestError, match="compromised already"):
        await keys.compromise(desk, first)
    with pytest.raises(UnknownError):
        await keys.compromise(desk, "unknown")
    waiting = await desk.store.read(lambda connection: signing_keys.find_in_state(connection, "token", "ES256", "next"))
    assert waiting is not None
    assert await keys.compromise(desk, waiting.kid) is None, "it did not sign"
