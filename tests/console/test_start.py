"""The first screen as it is served; tests with a browser are beside."""

import html

import pytest
from tests.console.running import GOOD, ORIGIN, Console

from watchword.admin import playground
from watchword.admin.users import list_users
from watchword.client.exchange import Exchange
from watchword.console.playground import flow
from watchword.console.playground.run import Held, Player, Run, Step

pytestmark = pytest.mark.anyio

DEMO = "http://localhost:8401"


@pytest.fixture
def demo_url() -> str:
    return DEMO


async def keep(console: Console, **facts: str) -> None:
    """A run that has come to the end, with ``facts`` besides."""
    exchange = Exchange(method="GET", url=f"{DEMO}/orders", status=200, reason="OK", response_body="[]")
    step = Step(source="client", target="api", title="t", sentence="s", exchange=exchange, at=console.desk.clock.now())
    run = Run(
        issuer=ORIGIN,
        player=Player(client_id="c", client_secret=None, redirect_uri="", api=DEMO, address=DEMO, scopes=("openid",)),
        held=Held(access_token="e30.e30.AAAA", expires_at=console.desk.clock.now() + 300),
        steps={flow.REDEEM.name: step, flow.CALL.name: step},
        facts=facts,
    )
    ((user, _),) = [found for found in await list_users(console.desk) if found[0].email == GOOD["email"]]
    secret = console.application.state.issuer.secrets["console"]
    saved = await playground.save(
        console.desk, secret, run.to_bytes(), user_id=user.id, part="start", expected_version=0
    )
    assert saved


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("http://localhost:8500/hello", "http://localhost:8500/hello"),
        ("http://localhost:8500/hello?a=1&b=2;id", "'http://localhost:8500/hello?a=1&b=2;id'"),
        ("http://localhost:8500/$(id)", "'http://localhost:8500/$(id)'"),
    ],
)
async def test_an_address_is_one_word_of_the_command_to_copy(console: Console, address: str, word: str) -> None:
    await console.sign_in()
    until = str(console.desk.clock.now() + 300)
    await keep(console, address=address, other_token="e30.e30.BBBB", other_expires_at=until)
    page = await console.browser.get("/console/start")
    assert page.status_code == 200
    text = html.unescape(page.text)
    assert f'curl -i -w "\\n" {word}\n' in text
    assert f'curl -i -w "\\n" {word} -H "Authorization: Bearer e30.e30.BBBB"' in text
