"""The SDK asks this issuer about tokens, as an API does that sees in them only text (RFC 7662; O37, O38)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from anyio import to_thread
from tests.issuer.issuing import ISSUER, ORDERS, SECRET, STOCK, World

from watchword.fetch import InProcessAnswer, InProcessRequest, danger_answer_in_process
from watchword.store.repositories import apis
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.errors import IntrospectionUnavailableError, TokenInactiveError
from watchword.verify.introspection import Introspector
from watchword.verify.key_address import KeyAddress
from watchword.verify.profiles import PROFILES
from watchword.verify.settings import Expectations

pytestmark = pytest.mark.anyio


@contextmanager
def reachable(world: World) -> Iterator[None]:
    """The issuer answers what other threads of this process send it."""
    loop = asyncio.get_running_loop()

    def answer(request: InProcessRequest) -> InProcessAnswer:
        sent = world.http.request(request.method, request.url, headers=dict(request.headers), content=request.body)
        response = asyncio.run_coroutine_threadsafe(sent, loop).result(5)
        return InProcessAnswer(response.status_code, dict(response.headers), response.content)

    with danger_answer_in_process(ISSUER, answer):
        yield


async def introspector(world: World, identifier: str, *, secret: str = SECRET) -> Introspector:
    """What an API uses that has these credentials."""
    api = await world.issuer.store.read(partial(apis.find, identifier=identifier))
    assert api is not None
    expected = Expectations(ISSUER, (identifier,), PROFILES[0], ("ES256",), 0.0)
    address = KeyAddress(ISSUER, ISSUER + "/.well-known/openid-configuration", None, danger_allow_http=False)
    return Introspector(expected, address, ResourceCredentials(api.id, secret), clock=world.clock)


async def test_an_api_is_told_of_its_own_tokens_and_no_longer_of_revoked_ones(world: World) -> None:
    client = await world.client()
    tokens = await world.sign_in(client)
    own, other = await introspector(world, ORDERS), await introspector(world, STOCK)
    with reachable(world):
        claims = await to_thread.run_sync(own.introspect, tokens["access_token"])
        assert (claims.sub, claims.client_id, claims.is_client) == (world.user.id, client.id, False)
        assert "orders:read" in claims.scopes
        with pytest.raises(TokenInactiveError):
            await to_thread.run_sync(other.introspect, tokens["access_token"])
        with pytest.raises(TokenInactiveError):
            await to_thread.run_sync(own.introspect, tokens["refresh_token"])
        await world.post("/revoke", client, {"token": tokens["refresh_token"]})
        with pytest.raises(TokenInactiveError):
            await to_thread.run_sync(own.introspect, tokens["access_token"])


async def test_an_api_with_a_wrong_secret_learns_nothing(world: World) -> None:
    tokens = await world.sign_in(await world.client())
    stranger = await introspector(world, ORDERS, secret="wws_wrong")
    with reachable(world), pytest.raises(IntrospectionUnavailableError) as caught:
        await to_thread.run_sync(stranger.introspect, tokens["access_token"])
    assert caught.value.detail == "our own credentials were refused"
