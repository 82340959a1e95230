"""The pages of clients: registered, read, mended, edited, kept out."""

import html
import re

import pytest
from tests.console.running import Console, hidden
from tests.console.statements import counted

from watchword.admin.clients import ClientRequest, add_client, list_clients
from watchword.oauth.bearer import digest
from watchword.store.repositories.clients import Client

pytestmark = pytest.mark.anyio

URI = "https://shop.example.com/callback"
HOSTILE = "<script>alert(1)</script>\u202e"


async def registered(console: Console, **changes: object) -> Client:
    request = ClientRequest(**{"name": "Shop", "redirect_uris": (URI,), **changes})  # type: ignore[arg-type]
    client, _ = await add_client(console.desk, request)
    return client


async def stored(console: Console, client_id: str) -> Client:
    (found,) = [client for client in await list_clients(console.desk) if client.id == client_id]
    return found


async def others(console: Console) -> list[Client]:
    """Every client but the console itself."""
    return [one for one in await list_clients(console.desk) if one.id != console.desk.console_client_id]


async def test_the_list_says_who_is_at_risk(console: Console) -> None:
    await console.sign_in()
    assert (await console.browser.get("/console/clients")).text.count('<th scope="row">') == 1
    await registered(console)
    await registered(console, name="Old shop", profile="oidc")
    page = (await console.browser.get("/console/clients")).text
    assert re.findall(r'class="status status-\w+">([^<]+)<', page) == ["1 risk", "In order", "In order"]
    assert 'aria-current="page">Clients' in page


async def test_a_secret_is_shown_once_and_in_no_address(console: Console) -> None:
    await console.sign_in()
    form = await console.browser.get("/console/clients?new=web")
    typed = {"kind": "web", "name": "Shop", "redirect_uris": f"{URI}\r\n\r\n{URI}\r\n", "scopes": "openid email"}
    answer = await console.browser.post("/console/clients", data=typed | {"csrf_token": hidden(form, "csrf_token")})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    secret = re.search(r'id="given-secret">(ww_secret_[\w-]+)<', answer.text)
    assert secret is not None
    (client,) = await others(console)
    assert client.secret_hash == digest(secret[1])
    assert (client.redirect_uris, client.scopes) == ((URI,), ("openid", "email"))
    for path in ("/console/clients", f"/console/clients/{client.id}", "/console/audit"):
        assert secret[1] not in (await console.browser.get(path)).text
    # The audit names the administrator, not the operator.
    history = (await console.browser.get(f"/console/clients/{client.id}")).text
    assert "Ada Lovelace" in history[history.index("What was done") :]


async def test_an_app_gets_no_secret_and_a_machine_one_api(console: Console) -> None:
    await console.sign_in()
    token = hidden(await console.browser.get("/console/clients?new=app"), "csrf_token")
    app = {"kind": "app", "name": "Phone", "redirect_uris": "com.example.app:/cb", "csrf_token": token}
    answer = await console.browser.post("/console/clients", data=app)
    assert answer.status_code == 200
    assert "given-secret" not in answer.text
    machine = {"kind": "machine", "name": "Batch", "scopes": "orders:read", "csrf_token": token}
    refused = await console.browser.post("/console/clients", data=machine | {"api": "https://gone.example"})
    assert refused.status_code == 422
    assert "There is no API" in refused.text
    assert 'value="Batch"' in refused.text
    (client,) = await others(console)
    assert client.is_public


@pytest.mark.parametrize("kind", ["", "root", "web"])
async def test_what_cannot_be_registered_is_said(console: Console, kind: str) -> None:
    await console.sign_in()
    token = hidden(await console.browser.get("/console/clients?new=web"), "csrf_token")
    answer = await console.browser.post("/console/clients", data={"kind": kind, "name": HOSTILE, "csrf_token": token})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "<script>alert" not in answer.text
    assert await others(console) == []


async def test_a_risk_is_mended_on_a_click(console: Console) -> None:
    await console.sign_in()
    client = await registered(console, profile="oidc")
    page = await console.browser.get(f"/console/clients/{client.id}")
    assert 'data-check="pkce_optional"' in page.text
    assert "https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1" in page.text
    form = {"csrf_token": hidden(page, "csrf_token"), "check": hidden(page, "check")}
    done = await console.browser.post(f"/console/clients/{client.id}/mend", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"/console/clients/{client.id}")
    after = await console.browser.get(f"/console/clients/{client.id}")
    assert "No setting of this client gives cause for concern." in after.text
    assert "Risky setting of a client mended" in after.text


async def test_editing_comes_back_with_what_was_typed(console: Console) -> None:
    await console.sign_in()
    client = await registered(console)
    page = await console.browser.get(f"/console/clients/{client.id}")
    typed = {
        "csrf_token": hidden(page, "csrf_token"), "name": "Market", "redirect_uris": "http://shop.example.com/cb",
        "scopes": "openid",
    }  # fmt: skip
    refused = await console.browser.post(f"/console/clients/{client.id}/edit", data=typed)
    assert refused.status_code == 422
    assert "<details open>" in refused.text
    assert "http://shop.example.com/cb" in refused.text
    assert await stored(console, client.id) == client
    done = await console.browser.post(f"/console/clients/{client.id}/edit", data=typed | {"redirect_uris": URI})
    assert done.status_code == 303
    after = await stored(console, client.id)
    assert (after.name, after.scopes, after.redirect_uris) == ("Market", ("openid",), (URI,))


async def test_another_algorithm_for_id_tokens(console: Console) -> None:
    await console.sign_in()
    client = await registered(console)
    page = await console.browser.get(f"/console/clients/{client.id}")
    assert '<option value="RS256" selected>' in page.text
    form = {"csrf_token": hidden(page, "csrf_token"), "algorithm": "ES256"}
    done = await console.browser.post(f"/console/clients/{client.id}/algorithm", data=form)
    assert done.status_code == 303
    assert (await stored(console, client.id)).id_token_alg == "ES256"
    for algorithm in ("PS256", "none", "ML-DSA-65"):
        refused = await console.browser.post(
            f"/console/clients/{client.id}/algorithm", data=form | {"algorithm": algorithm}
        )
        assert refused.status_code == 422
    assert (await stored(console, client.id)).id_token_alg == "ES256"


async def test_out_and_in_again(console: Console) -> None:
    await console.sign_in()
    client = await registered(console)
    url = f"/console/clients/{client.id}"
    form = {"csrf_token": hidden(await console.browser.get(url), "csrf_token")}
    assert (await console.browser.post(f"{url}/disable", data=form)).status_code == 303
    assert (await stored(console, client.id)).status == "disabled"
    assert (await console.browser.post(f"{url}/disable", data=form)).status_code == 422
    assert (await console.browser.post(f"{url}/enable", data=form)).status_code == 303
    assert (await stored(console, client.id)).status == "active"
    renewed = await console.browser.post(f"{url}/secret", data=form)
    assert "The client has a new secret" in renewed.text
    assert (await stored(console, client.id)).secret_hash != client.secret_hash


async def test_hostile_names_stay_text(console: Console) -> None:
    """O11."""
    await console.sign_in()
    client = await registered(console, name=HOSTILE)
    for path in ("/console/clients", f"/console/clients/{client.id}"):
        page = (await console.browser.get(path)).text
        assert "<script" not in page
        assert f"<bdi>{html.escape(HOSTILE)}</bdi>" in page


async def test_a_client_that_is_not_there(console: Console) -> None:
    await console.sign_in()
    answer = await console.browser.get("/console/clients/nobody")
    assert answer.status_code == 404
    assert "There is no such client." in answer.text


async def test_statements_do_not_grow_with_clients(console: Console) -> None:
    await console.sign_in()
    client = await registered(console)
    counts = []
    for so_many in (20, 0):
        with counted() as seen:
            assert (await console.browser.get("/console/clients")).status_code == 200
            assert (await console.browser.get(f"/console/clients/{client.id}")).status_code == 200
        counts.append(len(seen))
        for number in range(so_many):
            await registered(console, name=f"Shop {number}")
    assert counts[0] == counts[1] <= 30


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("disable", {}),
        ("secret", {}),
        ("mend", {"check": "redirect_loopback"}),
        ("algorithm", {"algorithm": "RS256"}),
        ("edit", {"name": "Other", "redirect_uris": "https://evil.example/cb", "scopes": "openid"}),
    ],
)
async def test_nobody_shuts_the_console_out(console: Console, act: str, fields: dict[str, str]) -> None:
    """With it nobody could open it again."""
    await console.sign_in()
    client_id = str(console.desk.console_client_id)
    before = await list_clients(console.desk)
    token = hidden(await console.browser.get(f"/console/clients/{client_id}"), "csrf_token")
    answer = await console.browser.post(f"/console/clients/{client_id}/{act}", data={"csrf_token": token, **fields})
    assert answer.status_code == 422
    assert "console itself signs in" in answer.text
    assert await list_clients(console.desk) == before
