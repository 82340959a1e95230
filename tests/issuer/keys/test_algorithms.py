"""Several algorithms side by side: added, chosen, removed."""

from dataclasses import replace
from functools import partial

import pytest
from tests.issuer.issuing import ORDERS, SETTINGS, STOCK, World, make_ring

from watchword.clock import SettableClock
from watchword.issuer.keys import rotation
from watchword.issuer.keys.rotation import KeyStepError
from watchword.jose import jws
from watchword.jose.algorithms import ASYMMETRIC
from watchword.store.engine import Store
from watchword.store.repositories import apis, clients, signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.anyio

LEAD = rotation.prepublication(SETTINGS)
QUICK = ("ES384", "Ed25519", "EdDSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "Ed448", "ES512")


def algorithm_of(token: str) -> str:
    return jws.split(token).header.alg


async def states(store: Store, algorithm: str) -> list[str]:
    keys = await store.read(signing_keys.list_all)
    return sorted(key.state for key in keys if (key.purpose, key.algorithm) == ("token", algorithm))


async def grow(world: World, algorithm: str) -> None:
    """Add an algorithm, and let the time pass after which it signs."""
    assert await world.issuer.keys.add_algorithm(algorithm, actor=SYSTEM)
    world.clock.advance(LEAD)
    await world.issuer.keys.advance()


async def choose(world: World, audience: str, algorithm: str | None) -> None:
    api = await world.issuer.store.read(partial(apis.find, identifier=audience))
    assert api is not None
    await world.issuer.store.write(partial(apis.update, api=replace(api, signing_alg=algorithm)))


async def test_one_more_is_published_first_and_signs_later(world: World) -> None:
    ring = world.issuer.keys
    assert await ring.add_algorithm("Ed25519", actor=SYSTEM)
    assert await states(world.issuer.store, "Ed25519") == ["next"]
    assert "Ed25519" in {key["alg"] for key in (await ring.public_jwks())["keys"]}
    world.clock.advance(LEAD - 1)
    await ring.advance()
    assert "Ed25519" not in (await ring.signers()).keys
    assert "Ed25519" not in await ring.signing_algorithms()
    assert (await world.http.get("/readyz")).status_code == 200, "waiting for it is no illness"
    world.clock.advance(1)
    await ring.advance()
    assert await states(world.issuer.store, "Ed25519") == ["active", "next"]
    assert await ring.signing_algorithms() == ("RS256", "ES256", "Ed25519")
    document = (await world.http.get("/.well-known/openid-configuration")).json()
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "ES256", "Ed25519"]
    assert not await ring.add_algorithm("Ed25519", actor=SYSTEM)


@pytest.mark.parametrize("algorithm", [name for name in ASYMMETRIC if name in QUICK])
async def test_every_kind_of_key_signs_what_verifies(world: World, algorithm: str) -> None:
    await grow(world, algorithm)
    await choose(world, ORDERS, algorithm)
    client = await world.client()
    tokens = await world.sign_in(client)
    assert algorithm_of(tokens["access_token"]) == algorithm
    assert algorithm_of(tokens["id_token"]) == "RS256"
    assert await world.is_active(client, tokens["access_token"])


async def test_each_api_and_each_client_has_its_own(world: World) -> None:
    for algorithm in ("Ed25519", "ES384"):
        await grow(world, algorithm)
    await choose(world, STOCK, "ES384")
    client = await world.client(id_token_alg="Ed25519", api_scopes={ORDERS: ("orders:read",), STOCK: ("stock:read",)})
    tokens = await world.sign_in(client)
    assert algorithm_of(tokens["id_token"]) == "Ed25519"
    assert algorithm_of(tokens["access_token"]) == "ES256"
    form = {"grant_type": "client_credentials"}
    for audience, algorithm in ((ORDERS, "ES256"), (STOCK, "ES384")):
        answer = await world.token(client, {**form, "resource": audience})
        assert algorithm_of(answer.json()["access_token"]) == algorithm


async def test_the_default_moves(world: World) -> None:
    ring = world.issuer.keys
    await ring.add_algorithm("Ed25519", actor=SYSTEM)
    with pytest.raises(KeyStepError, match="does not sign yet"):
        await ring.make_default("Ed25519", actor=SYSTEM)
    with pytest.raises(KeyStepError, match="add PS256"):
        await ring.make_default("PS256", actor=SYSTEM)
    world.clock.advance(LEAD)
    await ring.advance()
    await ring.make_default("Ed25519", actor=SYSTEM)
    client = await world.client()
    answer = await world.token(client, {"grant_type": "client_credentials", "resource": ORDERS})
    assert algorithm_of(answer.json()["access_token"]) == "Ed25519"
    with pytest.raises(KeyStepError, match="let another"):
        await ring.remove_algorithm("Ed25519", actor=SYSTEM)


async def test_one_less_retires_in_order(world: World) -> None:
    await grow(world, "Ed25519")
    await choose(world, ORDERS, "Ed25519")
    client = await world.client()
    token = (await world.sign_in(client))["access_token"]
    ring, store = world.issuer.keys, world.issuer.store
    with pytest.raises(KeyStepError, match=f"needed by the API {ORDERS}"):
        await ring.remove_algorithm("Ed25519", actor=SYSTEM)
    await choose(world, ORDERS, None)
    await ring.remove_algorithm("Ed25519", actor=SYSTEM)
    assert await states(store, "Ed25519") == ["retired", "retiring"], "the one that never signed is gone at once"
    assert await world.is_active(client, token)
    assert jws.split(token).header.kid in {key["kid"] for key in (await ring.public_jwks())["keys"]}
    await ring.advance()
    assert await states(store, "Ed25519") == ["retired", "retiring"], "no successor is published any more"
    world.clock.advance(rotation.retention())
    await ring.advance()
    assert await states(store, "Ed25519") == ["retired", "retired"]
    with pytest.raises(KeyStepError, match="no tokens are signed with Ed25519"):
        await ring.remove_algorithm("Ed25519", actor=SYSTEM)
    await ring.add_algorithm("Ed25519", actor=SYSTEM)
    assert await states(store, "Ed25519") == ["next", "retired", "retired"], "added again, it waits again"


async def test_a_client_keeps_its_algorithm_in_the_ring(world: World) -> None:
    await grow(world, "Ed25519")
    client = await world.client(id_token_alg="Ed25519", name="Till")
    with pytest.raises(KeyStepError, match="needed by the client Till"):
        await world.issuer.keys.remove_algorithm("Ed25519", actor=SYSTEM)
    gone = replace(client, status="deleted")
    await world.issuer.store.write(partial(clients.update, client=gone))
    await world.issuer.keys.remove_algorithm("Ed25519", actor=SYSTEM)


async def test_a_code_is_not_spent_where_nobody_can_sign(world: World) -> None:
    """An API or client that somehow wants what the ring does not hold: a pause, and nothing is lost."""
    client = await world.client()
    code = await world.code(client)
    await choose(world, ORDERS, "Ed25519")
    assert (await world.redeem(client, code)).status_code == 503
    await choose(world, ORDERS, None)
    assert (await world.redeem(client, code)).status_code == 200


async def test_a_compromised_key_of_a_new_algorithm_waits_again_only_if_it_never_signed(world: World) -> None:
    ring, store = world.issuer.keys, world.issuer.store
    await ring.add_algorithm("Ed25519", actor=SYSTEM)
    keys = await store.read(signing_keys.list_all)
    (only,) = (key.kid for key in keys if key.algorithm == "Ed25519")
    assert await ring.compromise(only, reason="leaked", actor=SYSTEM)
    assert await states(store, "Ed25519") == ["compromised", "next"]
    world.clock.advance(LEAD)
    await ring.advance()
    signing = (await ring.signers()).of("Ed25519").kid
    assert await ring.compromise(signing, reason="leaked", actor=SYSTEM)
    assert (await ring.signers()).of("Ed25519").kid != signing


async def test_no_secret_shared_with_verifiers_and_nothing_unknown(world: World) -> None:
    for algorithm in ("HS256", "none", "RS1"):
        with pytest.raises(KeyStepError):
            await world.issuer.keys.add_algorithm(algorithm, actor=SYSTEM)


async def test_an_installation_begins_with_what_it_was_told(
    store: Store, clock: SettableClock, master_key: MasterKey
) -> None:
    settings = replace(SETTINGS, signing_algorithms=("ES256", "RS256", "Ed25519"), access_token_algorithm="Ed25519")
    ring = make_ring(store, clock, master_key, settings=settings)
    await ring.start()
    signers = await ring.signers()
    assert set(signers.keys) == {"ES256", "RS256", "Ed25519"}
    assert signers.access(None).alg == "Ed25519"
    # What the settings say later changes nothing: replicas with other settings would work against each other.
    later = make_ring(store, clock, master_key, settings=SETTINGS)
    await later.start()
    assert (await later.signers()).access(None).alg == "Ed25519"


async def test_an_upgraded_installation_publishes_what_is_new_to_it_first(world: World) -> None:
    """Records of a version without algorithms: keys there are, but no list of them."""
    store = world.issuer.store

    def forget(connection: object) -> None:
        from watchword.store.tables import signing_algorithms

        connection.execute(signing_algorithms.delete())  # type: ignore[attr-defined]

    await store.write(forget)
    settings = replace(SETTINGS, signing_algorithms=("ES256", "RS256", "Ed25519"))
    ring = make_ring(store, world.clock, MasterKey(bytes(range(32))), settings=settings)
    before = await states(store, "ES256")
    await ring.advance()
    assert await states(store, "ES256") == before == ["active", "next"]
    assert await states(store, "Ed25519") == ["next"]
