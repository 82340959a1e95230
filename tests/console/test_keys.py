"""The page of keys: each life on one scale, what comes next, and the rotation by hand."""

import re

import pytest
from tests.console.running import Console, hidden, without_keys
from tests.console.statements import counted

from watchword.admin.key_life import Life, Stretch
from watchword.admin.keys import list_keys
from watchword.clock import SettableClock
from watchword.console.key_drawing import WIDTH, Scale
from watchword.issuer.keys.rotation import prepublication

pytestmark = pytest.mark.anyio


async def active(console: Console, algorithm: str) -> str:
    (key,) = [
        key for key in await list_keys(console.desk)
        if (key.purpose, key.algorithm, key.state) == ("token", algorithm, "active")
    ]  # fmt: skip
    return key.kid


async def test_every_life_is_drawn_and_told(console: Console) -> None:
    await console.sign_in()
    await without_keys(console)
    assert (await console.browser.get("/console/keys")).text.count("No key yet") == 3
    await console.desk.keys.start()
    with counted() as seen:
        page = (await console.browser.get("/console/keys")).text
    assert len(seen) <= 16
    keys = await list_keys(console.desk)
    assert len(keys) == 6
    for key in keys:
        assert key.kid in page
    assert page.count('class="console-life"') == 6
    # A month after 21 September 2026 the successors take over.
    assert page.count("21 Oct 2026, 14:13 UTC</time>: signs from then on") == 3
    assert "style=" not in page


async def test_rotating_waits_until_every_cache_knows(console: Console, clock: SettableClock) -> None:
    await console.sign_in()
    await console.desk.keys.start()
    before = await active(console, "ES256")
    page = await console.browser.get("/console/keys")
    assert len(re.findall(r"<button[^>]* disabled", page.text)) == 2
    assert "14:18 UTC</time> on, when every cache must know the next key" in page.text
    form = {"csrf_token": hidden(page, "csrf_token"), "algorithm": "ES256"}
    early = await console.browser.post("/console/keys/rotate", data=form)
    assert early.status_code == 422
    assert "try again in" in early.text
    assert await active(console, "ES256") == before

    clock.advance(prepublication(console.desk.settings))
    page = await console.browser.get("/console/keys")
    assert re.findall(r"<button[^>]* disabled", page.text) == []
    done = await console.browser.post("/console/keys/rotate", data=form)
    assert (done.status_code, done.headers["location"]) == (303, "/console/keys")
    assert await active(console, "ES256") != before
    again = await console.browser.post("/console/keys/rotate", data=form | {"algorithm": "none"})
    assert again.status_code == 422


def test_bars_fill_the_scale_and_tell_what_is_planned() -> None:
    stretches = (Stretch("next", 0.0, 100.0), Stretch("active", 100.0, 300.0), Stretch("retired", 300.0, None))
    life = Life(key=None, stretches=stretches)  # type: ignore[arg-type]  # drawing looks at the stretches alone
    bars = Scale(0.0, 400.0).bars(life, 200.0)
    assert [(bar["state"], bar["x"], bar["width"], bar["is_planned"]) for bar in bars] == [
        ("next", 0.0, 250.0, False),
        ("active", 250.0, 250.0, False),
        ("active", 500.0, 250.0, True),
        ("retired", 750.0, 250.0, True),
    ]


@pytest.mark.parametrize("now", [0.0, 50.0, 1e9])
def test_what_is_short_is_still_seen_and_inside(now: float) -> None:
    life = Life(key=None, stretches=(Stretch("next", 0.0, 1.0), Stretch("active", 1.0, 1e6)))  # type: ignore[arg-type]
    for bar in Scale.around([life], now).bars(life, now):
        assert bar["width"] >= 4
        assert 0 <= bar["x"] <= WIDTH - bar["width"]
    assert Scale.around([], now).place(now) == 0


async def test_a_key_is_withdrawn_only_when_it_is_meant(console: Console) -> None:
    await console.sign_in()
    await console.desk.keys.start()
    before = await active(console, "ES256")
    page = await console.browser.get("/console/keys")
    form = {"csrf_token": hidden(page, "csrf_token"), "kid": before}
    unsure = await console.browser.post("/console/keys/compromise", data=form)
    assert unsure.status_code == 422
    assert await active(console, "ES256") == before
    done = await console.browser.post("/console/keys/compromise", data=form | {"sure": "yes"})
    assert (done.status_code, done.headers["location"]) == (303, "/console/keys")
    assert await active(console, "ES256") != before
    page = await console.browser.get("/console/keys")
    assert f'<option value="{before}"' not in page.text, "there is nothing more to withdraw"
    for kid in (before, "unknown"):
        again = await console.browser.post("/console/keys/compromise", data=form | {"sure": "yes", "kid": kid})
        assert again.status_code == 422


async def test_algorithms_are_added_chosen_and_removed(console: Console, clock: SettableClock) -> None:
    await console.sign_in()
    await console.desk.keys.start()
    page = await console.browser.get("/console/keys")
    form = {"csrf_token": hidden(page, "csrf_token"), "algorithm": "Ed25519"}
    algorithms = "/console/keys/algorithms"
    for path in ("remove", "default"):
        early = await console.browser.post(f"{algorithms}/{path}", data=form)
        assert early.status_code == 422
    assert (await console.browser.post(algorithms, data=form)).status_code == 303
    page = await console.browser.get("/console/keys")
    assert "Tokens, Ed25519" in page.text
    assert 'class="machine">Ed25519</strong>' in page.text
    assert "Make Ed25519 the default" not in page.text, "it does not sign yet"
    clock.advance(prepublication(console.desk.settings))
    await console.desk.keys.advance()
    assert "Make Ed25519 the default" in (await console.browser.get("/console/keys")).text
    assert (await console.browser.post(f"{algorithms}/default", data=form)).status_code == 303
    page = await console.browser.get("/console/keys")
    assert "Make ES256 the default" in page.text
    refused = await console.browser.post(f"{algorithms}/remove", data=form)
    assert refused.status_code == 422
    back = await console.browser.post(f"{algorithms}/default", data=form | {"algorithm": "ES256"})
    assert back.status_code == 303
    assert (await console.browser.post(f"{algorithms}/remove", data=form)).status_code == 303
    assert 'class="machine">Ed25519</strong>' not in (await console.browser.get("/console/keys")).text
    assert (await console.browser.post(algorithms, data=form | {"algorithm": "HS256"})).status_code == 422
