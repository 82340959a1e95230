"""The pages of APIs: registered, read, changed."""

import html
import re

import pytest
from tests.console.running import Console, hidden
from tests.console.statements import counted

from watchword.admin.apis import add_api, list_apis
from watchword.oauth.bearer import digest
from watchword.store.repositories.apis import Api, Scope

pytestmark = pytest.mark.anyio

ORDERS = "https://orders.example.com"
HOSTILE = "</h1><script>alert(1)</script>"


async def registered(console: Console, name: str = "Orders", identifier: str = ORDERS) -> Api:
    api, _ = await add_api(console.desk, identifier=identifier, name=name, scopes=[Scope("orders:read", "See orders")])
    return api


async def test_an_api_is_registered_with_scopes_and_a_secret(console: Console) -> None:
    await console.sign_in()
    page = await console.browser.get("/console/apis")
    assert "Nothing to guard yet." in page.text
    typed = {
        "csrf_token": hidden(page, "csrf_token"), "identifier": ORDERS, "with_secret": "yes",
        "scopes": "orders:read See your orders\r\norders:write\r\n",
    }  # fmt: skip
    answer = await console.browser.post("/console/apis", data=typed)
    secret = re.search(r'id="given-secret">(ww_api_[\w-]+)<', answer.text)
    assert secret is not None
    (api,) = await list_apis(console.desk)
    assert api.secret_hash == digest(secret[1])
    assert api.scopes == (Scope("orders:read", "See your orders"), Scope("orders:write", ""))
    assert secret[1] not in (await console.browser.get(f"/console/apis/{api.id}")).text
    again = await console.browser.post("/console/apis", data=typed)
    assert again.status_code == 422
    assert "There is an API with that identifier already." in again.text
    assert "orders:read See your orders" in again.text


async def test_an_api_is_changed(console: Console) -> None:
    await console.sign_in()
    api = await registered(console)
    url = f"/console/apis/{api.id}"
    token = {"csrf_token": hidden(await console.browser.get(url), "csrf_token")}
    steps = [
        ("edit", {"name": "All orders", "token_lifetime": "120"}),
        ("scopes", {"scope": "orders:write", "description": "Place orders"}),
        ("describe", {"scope": "orders:read", "description": "See every order"}),
    ]
    for path, form in steps:
        done = await console.browser.post(f"{url}/{path}", data=token | form)
        assert (done.status_code, done.headers["location"]) == (303, url)
    (after,) = await list_apis(console.desk)
    assert (after.name, after.token_lifetime) == ("All orders", 120)
    assert not after.status_list, "what a form does not mention stays"
    for chosen, said in (("yes", "name a place in one"), ("no", "Its access tokens name none")):
        form = {"name": "All orders", "token_lifetime": "120", "status_list": chosen}
        await console.browser.post(f"{url}/edit", data=token | form)
        assert said in (await console.browser.get(url)).text
        (after,) = await list_apis(console.desk)
        assert after.status_list is (chosen == "yes")
    assert after.scopes == (Scope("orders:read", "See every order"), Scope("orders:write", "Place orders"))
    page = (await console.browser.get(url)).text
    assert "2 minutes" in page
    renewed = await console.browser.post(f"{url}/secret", data=token)
    assert "ww_api_" in renewed.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("edit", {"name": "Orders", "token_lifetime": "soon"}),
        ("edit", {"name": "Orders", "token_lifetime": "9" * 30}),
        ("scopes", {"scope": "openid"}),
        ("scopes", {"scope": "orders:read"}),
    ],
)
async def test_what_cannot_be_is_said(console: Console, path: str, form: dict[str, str]) -> None:
    await console.sign_in()
    api = await registered(console)
    token = {"csrf_token": hidden(await console.browser.get(f"/console/apis/{api.id}"), "csrf_token")}
    refused = await console.browser.post(f"/console/apis/{api.id}/{path}", data=token | form)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert await list_apis(console.desk) == [api]


async def test_hostile_names_stay_text(console: Console) -> None:
    """O11."""
    await console.sign_in()
    api = await registered(console, name=HOSTILE)
    for path in ("/console/apis", f"/console/apis/{api.id}"):
        page = (await console.browser.get(path)).text
        assert "<script" not in page
        assert f"<bdi>{html.escape(HOSTILE)}</bdi>" in page
    assert (await console.browser.get("/console/apis/nobody")).status_code == 404


async def test_statements_do_not_grow_with_apis(console: Console) -> None:
    await console.sign_in()
    api = await registered(console)
    counts = []
    for so_many in (20, 0):
        with counted() as seen:
            assert (await console.browser.get("/console/apis")).status_code == 200
            assert (await console.browser.get(f"/console/apis/{api.id}")).status_code == 200
        counts.append(len(seen))
        for number in range(so_many):
            await registered(console, identifier=f"{ORDERS}/{number}")
    assert counts[0] == counts[1] <= 24


async def test_another_algorithm_for_its_access_tokens(console: Console) -> None:
    await console.sign_in()
    api = await registered(console)
    page = await console.browser.get(f"/console/apis/{api.id}")
    assert "the default of this issuer" in page.text
    form = {"csrf_token": hidden(page, "csrf_token"), "name": "Orders", "token_lifetime": "300"}
    edit = f"/console/apis/{api.id}/edit"
    assert (await console.browser.post(edit, data=form | {"signing_alg": "RS256"})).status_code == 303
    assert '<option value="RS256" selected>' in (await console.browser.get(f"/console/apis/{api.id}")).text
    refused = await console.browser.post(edit, data=form | {"signing_alg": "ML-DSA-65"})
    assert refused.status_code == 422
    assert "add ML-DSA-65 to the keys first" in refused.text.lower().replace("ml-dsa-65", "ML-DSA-65")
    assert (await console.browser.post(edit, data=form | {"signing_alg": "default"})).status_code == 303
    assert "the default of this issuer" in (await console.browser.get(f"/console/apis/{api.id}")).text
