"""The API and the client that a part of the playground needs, registered as an operator would register them."""

from watchword.admin import clients, playground
from watchword.admin.clients import ClientRequest
from watchword.console.paths import PLAYGROUND_CALLBACK
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Player

START = "start"
ORDERS_SCOPES = ("orders:read", "orders:write")
PERSON_SCOPES = ("openid", "profile", "email", *ORDERS_SCOPES)

# The API that a newcomer writes: its name in tokens, and where the first screen looks for it.
YOURS = "http://localhost:8500"
HELLO = ("hello:read", "Be greeted")


async def prepare_start(bench: Bench) -> None:
    """Have the first screen's client and the newcomer's own API ready."""
    await playground.ensure_api(bench.desk, identifier=YOURS, name="Your API", scopes=(HELLO,))
    bench.run.facts["other_api"] = YOURS
    request = ClientRequest(
        name="First screen",
        redirect_uris=(callback(bench),),
        scopes=(*PERSON_SCOPES, HELLO[0]),
        default_api=bench.desk.settings.demo_url,
    )
    await prepare_player(bench, request, scopes=tuple(request.scopes))


async def prepare_player(bench: Bench, request: ClientRequest, *, scopes: tuple[str, ...]) -> None:
    """Register the client that ``request`` asks for, unless the run has one that may still ask for tokens.

    Args:
        bench: where it will play.
        request: the client.
        scopes: what it asks for when its flow is run.

    Raises:
        InvalidRequestError: there can be no such client.
    """
    settings = bench.desk.settings
    assert settings.demo_url is not None
    known = bench.run.player
    if known is not None and await playground.find_client(bench.desk, known.client_id) is not None:
        return
    client, secret = await clients.add_client(bench.desk, request)
    bench.run.begin_anew()
    bench.run.player = Player(
        client_id=client.id,
        client_secret=secret,
        redirect_uri=callback(bench) if request.redirect_uris else "",
        api=settings.demo_url,
        address=f"{settings.demo_url}/orders",
        scopes=scopes,
    )


def callback(bench: Bench) -> str:
    """Where the playground's sign-ins come back to."""
    return bench.desk.settings.url(PLAYGROUND_CALLBACK)
