"""The playground's doors and its keeping: nobody else's, nowhere but beside a demonstration, sealed."""

import pytest
from sqlalchemy import Connection, select
from tests.console.running import Console, hidden

from watchword.admin import playground
from watchword.client.exchange import Exchange
from watchword.console.playground.run import Begun, Held, Player, Run, Step
from watchword.console.playground.wire import shown
from watchword.console.projects import PROJECTS
from watchword.store.tables import playground_runs, users

pytestmark = pytest.mark.anyio

SECRET = bytes(range(32))
PAGES = ("", "/web-app", "/web-app/run", "/web-app/attack", "/web-app/project.zip", "/nothing", "/nothing/run")


@pytest.mark.parametrize("page", PAGES)
async def test_without_a_demonstration_there_is_none(console: Console, page: str) -> None:
    await console.sign_in()
    assert (await console.browser.get(f"/console/playground{page}")).status_code == 404
    home = await console.browser.get("/console")
    assert "/console/playground" not in home.text
    assert (await console.browser.get("/console/start")).headers["location"] == "/console"
    form = {"csrf_token": hidden(home, "csrf_token"), "press": "again"}
    if page.endswith(("/web-app", "/run", "/attack")):
        assert (await console.browser.post(f"/console/playground{page}", data=form)).status_code == 404


def a_run() -> Run:
    exchange = Exchange(method="GET", url="http://localhost/orders", status=200, reason="OK", response_body="[]")
    step = Step(source="client", target="api", title="t", sentence="s", exchange=exchange, at=1.0)
    player = Player(
        client_id="c", client_secret="unmistakable", redirect_uri="r", api="a", address="d", scopes=("openid",)
    )
    return Run(
        issuer="i",
        player=player,
        begun=Begun(state="s", nonce="n", code_verifier="v"),
        held=Held(access_token="unmistakable", expires_at=2.0, refresh_token="unmistakable"),
        steps={"api": step},
        spent=["unmistakable"],
    )


async def test_a_state_is_kept_sealed_and_for_one_user(console: Console) -> None:
    await console.sign_in()
    desk, run = console.desk, a_run()
    assert "unmistakable" not in repr(run)
    user_id = await console.store.read(lambda connection: connection.execute(select(users.c.id)).scalar_one())
    saving = {"user_id": user_id, "part": "start"}
    assert await playground.save(desk, SECRET, run.to_bytes(), **saving, expected_version=0)
    assert not await playground.save(desk, SECRET, run.to_bytes(), **saving, expected_version=0)
    kept = await playground.load(desk, SECRET, **saving)
    assert kept.version == 1
    assert kept.text is not None
    assert Run.from_bytes(kept.text) == run
    assert (await playground.load(desk, SECRET, user_id="another", part="start")).text is None
    # Under another installation's secret it is as if there were nothing; it can be begun anew.
    assert (await playground.load(desk, bytes(32), **saving)) == playground.KeptState(1, None)

    def dump(connection: Connection) -> str:
        return str([bytes(row.sealed_state) for row in connection.execute(select(playground_runs))])

    assert "unmistakable" not in await console.store.read(dump)


def test_a_state_of_another_version_counts_as_none() -> None:
    assert Run.from_bytes(b'{"issuer": 1}') is None
    assert Run.from_bytes(b"{}") is None
    assert Run.from_bytes(b"nonsense") is None


def test_an_exchange_is_told_in_lines_and_tokens_in_colours() -> None:
    told = shown(
        Exchange(
            method="POST",
            url="http://localhost:1/authorize?state=a%20b&scope=openid",
            request_headers=(("authorization", "Bearer eyJh.eyJi.c2ln"),),
            request_body="grant_type=refresh_token&resource=http%3A%2F%2Fa",
            status=401,
            reason="Unauthorized",
            response_headers=(("location", "http://localhost/cb?code=1&state=2"),),
            response_body='{"error": "<script>"}',
            seconds=0.0042,
        )
    )
    lines = ["".join(text for text, _ in line) for line in told.request]
    assert lines == [
        "POST /authorize?", "    state=a b", "    scope=openid", "authorization: Bearer eyJh.eyJi.c2ln", "",
        "grant_type=refresh_token", "resource=http://a",
    ]  # fmt: skip
    assert [tone for _, tone in told.request[3]] == ["", "header", "", "payload", "", "signature"]
    answer = ["".join(text for text, _ in line) for line in told.answer]
    assert answer[:4] == ["401 Unauthorized", "location: http://localhost/cb?", "    code=1", "    state=2"]
    assert (told.status, told.is_good, told.milliseconds) == ("401 Unauthorized", False, "4 ms")


def test_no_two_kinds_use_one_port_or_name() -> None:
    assert len({kind.name for kind in PROJECTS}) == len(PROJECTS) == 5
    ports = [port for kind in PROJECTS for port in (kind.app_port, kind.api_port)]
    assert len(set(ports)) >= len(PROJECTS) * 2 - 1
