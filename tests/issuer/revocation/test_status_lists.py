"""Token Status Lists: places, and what turns their bits; on both databases. THREATS R40, R09."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from sqlalchemy import func, select
from tests.issuer.issuing import ISSUER, ORDERS, STOCK, World, make_issuer
from tests.issuer.revocation.serving import served

from watchword.issuer.housekeeping import MAX_SKEW, prune
from watchword.issuer.revocation import status_lists, status_place, withdraw
from watchword.issuer.revocation.status_lists import LIFETIME, TTL, encode_list
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.jose import JOSEError, base64url, jwt
from watchword.oauth.revocation import ROW_LEEWAY
from watchword.oauth.status_list import MEDIA_TYPE, TYPE
from watchword.store.repositories import apis
from watchword.store.repositories import status_lists as places
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.clients import Client
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.status_lists import Held, Place
from watchword.store.sealing import MasterKey
from watchword.store.tables import status_entries
from watchword.verify import AsyncVerifier, Verifier
from watchword.verify.errors import TokenRevokedError

if TYPE_CHECKING:
    from watchword.verify.options import VerifierOptions

pytestmark = pytest.mark.anyio

LISTS = "/status-lists"


async def opt_in(world: World, *, on: bool = True, audience: str = ORDERS) -> None:
    def job(connection: Any) -> None:
        api = apis.find(connection, audience)
        assert api is not None
        apis.update(connection, replace(api, status_list=on))

    await world.issuer.store.write(job)


async def test_our_own_verifier_reads_them_too(world: World) -> None:
    """Without the feed, over a real socket, blocking and not."""
    await opt_in(world)
    client = await world.client()
    hers, others = [(await world.sign_in(client))["access_token"] for _ in range(2)]
    async with served(world) as issuer:
        options: VerifierOptions = {
            "issuer": ISSUER, "audience": ORDERS, "jwks_url": issuer.url + "/jwks", "revocation": "off",
            "status_lists": "reject", "clock": world.clock,
        }  # fmt: skip
        verifier, waiting = Verifier(**options), AsyncVerifier(**options)
        assert (await asyncio.to_thread(verifier.verify, hers)).sub == world.user.id
        assert (await waiting.verify(hers)).sub == world.user.id
        await strike(world, "grant", hers, client)
        world.clock.advance(TTL)
        with pytest.raises(TokenRevokedError):
            await asyncio.to_thread(verifier.verify, hers)
        with pytest.raises(TokenRevokedError):
            await waiting.verify(hers)
        assert (await asyncio.to_thread(verifier.verify, others)).sub == world.user.id


async def place_of(world: World, token: str) -> tuple[str, int]:
    reference = (await world.claims_of(token))["status"]["status_list"]
    assert set(reference) == {"idx", "uri"}
    return reference["uri"], reference["idx"]


async def fetch(world: World, uri: str, **options: Any) -> httpx2.Response:
    return await world.http.get(uri.removeprefix(ISSUER), **options)


async def status(world: World, token: str) -> int:
    """What a verifier that fetches the list now finds at the token's place."""
    uri, idx = await place_of(world, token)
    claims = await world.claims_of((await fetch(world, uri)).text, typ=TYPE)
    bits = zlib.decompress(base64url.decode_text(claims["status_list"]["lst"]))
    return bits[idx >> 3] >> (idx & 7) & 1


async def for_itself(world: World, client: Client, **form: str) -> str:
    answer = await world.token(client, {"grant_type": "client_credentials", "resource": ORDERS, **form})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_a_token_names_a_place_only_if_its_api_wants_that(world: World) -> None:
    client = await world.client(api_scopes={ORDERS: ("orders:read",), STOCK: ("stock:read",)})
    before = await world.sign_in(client)
    assert "status" not in await world.claims_of(before["access_token"])
    await opt_in(world)
    body = await world.sign_in(client)
    uri, idx = await place_of(world, body["access_token"])
    assert uri.startswith(f"{ISSUER}{LISTS}/")
    assert 0 <= idx < world.issuer.settings.status_list_size
    userinfo = await world.refresh(client, body["refresh_token"], resource=ISSUER)
    assert "status" not in await world.claims_of(userinfo.json()["access_token"])
    assert "status" not in await world.claims_of(await for_itself(world, client, resource=STOCK))
    assert "status" not in await world.claims_of(body["id_token"], typ="JWT")


async def test_the_list_is_signed_public_and_short_lived(world: World) -> None:
    await opt_in(world)
    token = (await world.sign_in(await world.client()))["access_token"]
    uri, _ = await place_of(world, token)
    answer = await fetch(world, uri, headers={"origin": "https://anywhere.example", "accept": MEDIA_TYPE})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, no-cache", "no cache adds to the ttl"
    claims = await world.claims_of(answer.text, typ=TYPE)
    now = int(world.clock.now())
    assert {name: claims[name] for name in ("iss", "sub", "iat", "exp", "ttl")} == {
        "iss": ISSUER, "sub": uri, "iat": now, "exp": now + LIFETIME, "ttl": TTL,
    }  # fmt: skip
    assert claims["status_list"]["bits"] == 1
    raw = zlib.decompress(base64url.decode_text(claims["status_list"]["lst"]))
    assert len(raw) * 8 == world.issuer.settings.status_list_size
    assert not any(raw)
    assert "aud" not in claims, "nobody takes it for an access token or an ID token"
    again = await fetch(world, uri, headers={"if-none-match": f'"other", {answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert (await fetch(world, uri, headers={"accept": "application/*;q=0.5"})).status_code == 200
    assert (await fetch(world, uri, headers={"accept": "application/statuslist+cwt"})).status_code == 406
    assert (await fetch(world, uri, params={"time": "1700000000"})).status_code == 501
    assert (await fetch(world, f"{ISSUER}{LISTS}/nothere")).status_code == 404
    # Section 9: where all lists are, and what the metadata says of that.
    metadata = (await world.http.get("/.well-known/oauth-authorization-server")).json()
    listed = await fetch(world, metadata["status_list_aggregation_endpoint"])
    assert listed.headers["content-type"] == "application/json"
    assert listed.json() == {"status_lists": [uri]}


async def test_who_takes_gzip_gets_what_base64url_added_taken_off(world: World) -> None:
    """Section 8.1 asks for it: a full list is 19 kB plain and 14 kB packed."""
    await opt_in(world)
    uri, _ = await place_of(world, (await world.sign_in(await world.client()))["access_token"])
    plain = await fetch(world, uri, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for wanted in ("gzip", "br;q=1.0, gzip;q=0.8", "X-GZIP"):
        packed = await fetch(world, uri, headers={"accept-encoding": wanted})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.text == plain.text, "the client has unpacked it"
        assert packed.headers["vary"] == "Accept, Accept-Encoding"
        assert packed.headers["etag"] != plain.headers["etag"], "two representations, two names"
        asked = {"accept-encoding": wanted, "if-none-match": packed.headers["etag"]}
        again = await fetch(world, uri, headers=asked)
        assert (again.status_code, again.content) == (304, b"")
        assert (await fetch(world, uri, headers=asked | {"accept-encoding": ""})).text == plain.text
    for refused in ("", "identity", "gzip;q=0", "gzip; q=0.000", "br", "*"):
        answer = await fetch(world, uri, headers={"accept-encoding": refused})
        assert "content-encoding" not in answer.headers
        assert answer.content == plain.content
    full = encode_list(1_000_000, Random(0).sample(range(1_000_000), 10_000)).encode()
    assert len(full) > 18_000
    assert len(gzip.compress(full, 6)) < 14_200


async def test_no_list_passes_for_a_token_and_no_token_for_a_list(world: World) -> None:
    await opt_in(world)
    client = await world.client()
    body = await world.sign_in(client)
    uri, _ = await place_of(world, body["access_token"])
    text = (await fetch(world, uri)).text
    assert not await world.is_active(client, text)
    answer = await world.http.get("/userinfo", headers={"authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    answer = await world.http.get("/end_session", params={"id_token_hint": text})
    assert answer.status_code in {200, 400}, "no session is ended for it, at most a page asks"
    assert await world.is_active(client, body["access_token"])
    for token in (body["access_token"], body["id_token"]):
        with pytest.raises(JOSEError):
            await world.claims_of(token, typ=TYPE)


async def test_what_one_process_withdrew_every_other_tells_at_once(world: World, master_key: MasterKey) -> None:
    """Whatever it has kept: nothing is told from memory alone (R40)."""
    await opt_in(world)
    client = await world.client()
    token = (await world.sign_in(client))["access_token"]
    uri, idx = await place_of(world, token)
    other = make_issuer(world.issuer.store, world.clock, master_key, world.listener)

    async def told() -> int:
        found = await other.status_lists.find(uri.rpartition("/")[2])
        assert found is not None
        claims = await world.claims_of(found.text.decode(), typ=TYPE)
        return zlib.decompress(base64url.decode_text(claims["status_list"]["lst"]))[idx >> 3] >> (idx & 7) & 1

    assert await told() == 0
    await strike(world, "grant", token, client)
    assert await told() == 1
    another = (await world.sign_in(client))["access_token"]
    await strike(world, "key", another, client)
    assert await told() == 1, "signed by the key that signs now, though the other process had not heard of it"


async def test_the_time_that_computing_takes_is_not_the_readers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await opt_in(world)
    uri, _ = await place_of(world, (await world.sign_in(await world.client()))["access_token"])

    def slowly(size: int, hits: Iterable[int]) -> str:
        world.clock.advance(4)
        return encode_list(size, hits)

    monkeypatch.setattr(status_lists, "encode_list", slowly)
    began = int(world.clock.now())
    claims = await world.claims_of((await fetch(world, uri)).text, typ=TYPE)
    assert (claims["iat"], claims["ttl"]) == (began, TTL - 4)


async def test_all_tokens_of_a_grant_at_an_api_have_one_place(world: World) -> None:
    await opt_in(world)
    client = await world.client()
    first = await world.sign_in(client)
    second = (await world.refresh(client, first["refresh_token"])).json()
    assert await place_of(world, second["access_token"]) == await place_of(world, first["access_token"])
    other = await world.sign_in(client)
    assert await place_of(world, other["access_token"]) != await place_of(world, first["access_token"])
    own = [await for_itself(world, client) for _ in range(3)]
    assert len({await place_of(world, token) for token in own}) == 1
    assert len({(await world.claims_of(token))["jti"] for token in own}) == 3


async def revoke_token(world: World, client: Client, token: str) -> None:
    assert (await world.post("/revoke", client, {"token": token})).status_code == 200


async def strike(world: World, what: str, token: str, client: Client) -> None:
    """Withdraw ``token`` by what is named."""
    claims = await world.claims_of(token)
    told: dict[str, Any] = {"reason": "test", "actor": SYSTEM, "now": world.clock.now()}
    if what == "token":
        await revoke_token(world, client, token)
    elif what == "token by its id alone":
        until = world.clock.now() + LONGEST
        await world.issuer.store.write(partial(withdraw.token, jti=claims["jti"], expires_at=until, **told))
    elif what == "grant":
        await world.issuer.store.write(partial(withdraw.grant, grant_id=claims["gid"], **told))
    elif what == "session":
        await world.issuer.store.write(partial(withdraw.session, session_id=world.session.id, **told))
    elif what == "consent":
        job = partial(withdraw.consent, user_id=world.user.id, client_id=client.id, **told)
        await world.issuer.store.write(job)
    elif what == "subject":
        await world.issuer.store.write(partial(withdraw.subject, user_id=world.user.id, **told))
    elif what == "client":
        await world.issuer.store.write(partial(withdraw.client, client_id=client.id, **told))
    elif what == "everything":
        await world.issuer.store.write(partial(withdraw.everything, **told))
    else:
        key = await world.issuer.keys.signer("ES256")
        assert await world.issuer.keys.compromise(key.kid, reason="test", actor=SYSTEM)


USERS = ["token", "token by its id alone", "grant", "session", "consent", "subject", "client", "everything", "key"]
ONLY_HERS = {"token", "token by its id alone", "grant", "session", "consent", "client"}


@pytest.mark.parametrize("what", USERS)
async def test_whatever_withdraws_a_token_turns_its_bit(world: World, what: str) -> None:
    """At once: the list is asked for right before, and right after the answer."""
    await opt_in(world)
    client, another = await world.client(), await world.client()
    scopes = ("openid", "orders:read") if what == "session" else ("openid", "offline_access", "orders:read")
    hers = (await world.sign_in(client, scopes=scopes))["access_token"]
    # Of the same session, where it ends nothing else: with offline access.
    theirs = (await world.sign_in(another, scopes=("openid", "offline_access", "orders:read")))["access_token"]
    itself = await for_itself(world, another)
    uri, idx = await place_of(world, hers)
    others = [await place_of(world, token) for token in (theirs, itself)]
    assert [await status(world, token) for token in (hers, theirs, itself)] == [0, 0, 0]
    await strike(world, what, hers, client)

    async def bits(wanted: list[tuple[str, int]]) -> list[int]:
        keys = await world.issuer.keys.published_keys()
        text = (await fetch(world, uri)).text
        claims = jwt.decode(text, keys, algorithms=("ES256",), typ=TYPE).claims
        raw = zlib.decompress(base64url.decode_text(claims["status_list"]["lst"]))
        return [raw[one >> 3] >> (one & 7) & 1 for _, one in wanted]

    expected = {"subject": [1, 1, 0], "everything": [1, 1, 1], "key": [1, 1, 1]}.get(what, [1, 0, 0])
    assert await bits([(uri, idx), *others]) == expected
    # What introspection says is the same, of each of them.
    answers = [await world.is_active(client, hers), *[await world.is_active(another, one) for one in (theirs, itself)]]
    assert answers == [not bit for bit in expected]
    # Whoever may go on gets another place, and that one is good.
    fresh = await for_itself(world, another)
    assert await bits([await place_of(world, fresh)]) == [0]


@pytest.mark.parametrize("what", ["token", "token by its id alone", "client", "everything", "key"])
async def test_a_client_that_speaks_for_itself_goes_on_at_another_place(world: World, what: str) -> None:
    await opt_in(world)
    client = await world.client()
    old = await for_itself(world, client)
    place = await place_of(world, old)
    await strike(world, what, old, client)
    new = await for_itself(world, client)
    assert await place_of(world, new) != place
    assert await status(world, new) == 0
    assert await for_itself(world, client) != new


async def test_one_withdrawn_token_takes_its_grants_others_along_but_not_those_to_come(world: World) -> None:
    await opt_in(world)
    client = await world.client()
    first = await world.sign_in(client)
    second = (await world.refresh(client, first["refresh_token"])).json()
    await revoke_token(world, client, first["access_token"])
    assert await status(world, second["access_token"]) == 1
    third = (await world.refresh(client, second["refresh_token"])).json()
    assert await status(world, third["access_token"]) == 0
    assert await status(world, first["access_token"]) == 1


async def test_switched_off_it_goes_on_telling_of_tokens_that_are_out_there(world: World) -> None:
    await opt_in(world)
    client = await world.client()
    body = await world.sign_in(client)
    await opt_in(world, on=False)
    later = (await world.refresh(client, body["refresh_token"])).json()
    assert "status" not in await world.claims_of(later["access_token"])
    await prune(world.issuer.store, now=world.clock.now())
    assert await status(world, body["access_token"]) == 0
    await strike(world, "grant", body["access_token"], client)
    assert await status(world, body["access_token"]) == 1
    uri, _ = await place_of(world, body["access_token"])
    # Once no token can name it, with all that clocks may differ, the list is gone.
    world.clock.advance(LONGEST + ROW_LEEWAY + status_place.SPARE)
    await prune(world.issuer.store, now=world.clock.now())
    assert (await fetch(world, uri)).status_code == 200
    world.clock.advance(MAX_SKEW)
    await prune(world.issuer.store, now=world.clock.now())
    assert (await fetch(world, uri)).status_code == 404
    assert (await fetch(world, f"{ISSUER}{LISTS}")).json() == {"status_lists": []}


async def test_a_place_is_kept_as_long_as_its_tokens(world: World) -> None:
    await opt_in(world)
    client = await world.client()
    first = await for_itself(world, client)
    ends = partial(_end_of, client_id=client.id)
    end = await world.issuer.store.read(ends)
    assert end == world.clock.now() + LONGEST + ROW_LEEWAY + status_place.SPARE
    world.clock.advance(status_place.SPARE)
    again = await for_itself(world, client)
    assert await world.issuer.store.read(ends) == end, "nothing is written while the place is kept for long enough"
    world.clock.advance(1)
    last = await for_itself(world, client)
    moved = await world.issuer.store.read(ends)
    assert moved >= world.clock.now() + LONGEST + ROW_LEEWAY
    assert moved > end
    places_of = [await place_of(world, token) for token in (first, again, last)]
    assert len(set(places_of)) == 1


def _end_of(connection: Any, *, client_id: str) -> float:
    kept = select(status_entries.c.expires_at).where(status_entries.c.holder == client_id)
    return float(connection.execute(kept).scalar_one())


async def test_places_are_unique_and_a_full_list_is_followed_by_another(world: World) -> None:
    """Drawn by many at once from lists of a few places each."""
    api = await world.issuer.store.read(partial(apis.find, identifier=ORDERS))
    assert api is not None
    now = world.clock.now()

    def held(number: int) -> Held:
        name = f"client{number}"
        return Held(api_id=api.id, grant_id=None, subject=name, client_id=name, kid="k", epochs=Epochs(0, 0, 0))

    def take(number: int) -> Any:
        return partial(places.take_place, held=held(number), until=now + 60, spare=0, size=4, now=now)

    # A few at a time, each twice at once: more would only wait for a connection.
    drawn: list[Place] = []
    for number in range(0, 18, 2):
        wanted = (number, number, number + 1, number + 1)
        drawn += await asyncio.gather(*(world.issuer.store.write(take(one)) for one in wanted))
    assert drawn[::2] == drawn[1::2], "each has one place, however often and at whatever moment it asks"
    assert len(set(drawn)) == 18
    by_list: dict[str, set[int]] = {}
    for place in drawn:
        by_list.setdefault(place.list_id, set()).add(place.idx)
    assert len(by_list) >= 5
    assert all(idxs <= set(range(4)) for idxs in by_list.values())
    assert (
        await world.issuer.store.read(
            lambda here: here.execute(select(func.count()).select_from(status_entries)).scalar()
        )
        == 18
    )


async def test_places_are_drawn_and_not_counted(world: World) -> None:
    await opt_in(world)
    client = await world.client()
    drawn = [(await place_of(world, (await world.sign_in(client))["access_token"]))[1] for _ in range(12)]
    assert drawn != sorted(drawn), "of twelve drawn places one in half a billion orders is this one"
    assert max(drawn) - min(drawn) > 1000


async def test_a_place_that_is_given_anew_shows_nothing_of_the_one_before(world: World) -> None:
    """Cleared when its last token has ended, and drawn again only when no list that anybody kept can show it set."""
    await opt_in(world)
    client = await world.client()
    token = await for_itself(world, client)
    await revoke_token(world, client, token)
    assert await status(world, token) == 1
    world.clock.advance(LONGEST + ROW_LEEWAY + status_place.SPARE)
    uri, _ = place_of_expired(token)
    claims = await world.claims_of((await fetch(world, uri)).text, typ=TYPE)
    assert not any(zlib.decompress(base64url.decode_text(claims["status_list"]["lst"])))
    assert MAX_SKEW > LIFETIME + TTL, "it is deleted so much later"
    kept = LONGEST + ROW_LEEWAY + status_place.SPARE
    assert kept + 2 * MAX_SKEW < places.LONGEST_KEPT, "withdrawals of before hit no place any more"


def place_of_expired(token: str) -> tuple[str, int]:
    reference = json.loads(base64url.decode_text(token.split(".")[1]))["status"]["status_list"]
    return reference["uri"], reference["idx"]


async def test_a_list_is_signed_by_what_its_apis_tokens_are_signed_by(world: World) -> None:
    def choose(connection: Any) -> None:
        api = apis.find(connection, ORDERS)
        assert api is not None
        apis.update(connection, replace(api, status_list=True, signing_alg="RS256"))

    await world.issuer.store.write(choose)
    token = (await world.sign_in(await world.client()))["access_token"]
    uri, _ = await place_of(world, token)
    text = (await fetch(world, uri)).text
    keys = await world.issuer.keys.published_keys()
    assert jwt.decode(text, keys, algorithms=("RS256",), typ=TYPE)


@pytest.mark.parametrize("seed", range(3))
def test_a_million_places_with_one_in_a_hundred_withdrawn_take_fourteen_kilobytes(seed: int) -> None:
    size = 1_000_000
    hits = Random(seed).sample(range(size), size // 100)
    compressed = base64url.decode_text(encode_list(size, hits))
    assert len(compressed) <= 14_000
    bits = zlib.decompress(compressed)
    assert len(bits) == size // 8
    assert [idx for idx in range(size) if bits[idx >> 3] >> (idx & 7) & 1] == sorted(hits)


def test_places_in_ids() -> None:
    place = Place("abcdefghijklmnopqrstuvwxyz"[:26].replace("1", "2"), 999_999)
    assert status_place.place_in(status_place.new_jti(place)) == place
    assert status_place.place_in(status_place.new_jti(None)) is None
    for jti in ("", "a_b", "a_b_1_2", "a_b_", "a__1", "a_b_1234567890", "a_b_1\n", "A_b_1", "a_b_١"):
        assert status_place.place_in(jti) is None
    assert status_lists.TTL == 30
