"""What the tests of the console hold in their hands."""

import html
import re
from dataclasses import dataclass

import httpx2
from sqlalchemy import delete
from starlette.applications import Starlette

from watchword.admin import setup
from watchword.admin.desk import AdminDesk
from watchword.store.engine import Store
from watchword.store.tables import signing_keys

ORIGIN = "http://localhost:8400"
PASSWORD = "lanterns over the water"
GOOD = {"email": "ada@example.com", "name": "Ada Lovelace", "password": PASSWORD}


@dataclass(frozen=True, slots=True)
class Console:
    """A running console, the desk behind it, and one browser in front of it."""

    application: Starlette
    desk: AdminDesk
    browser: httpx2.AsyncClient
    store: Store

    async def link(self) -> str:
        """A new set-up token."""
        return await setup.create_link(self.desk)

    async def open_form(self, token: str) -> dict[str, str]:
        """The hidden fields of the set-up page that ``token`` opens."""
        page = await self.browser.get("/setup", params={"token": token})
        assert page.status_code == 200
        return {"csrf_token": hidden(page, "csrf_token"), "token": hidden(page, "token")}

    async def sign_in(self) -> None:
        """Make the first administrator in this browser, and let them into the console."""
        form = await self.open_form(await self.link())
        made = await self.browser.post("/setup", data=form | GOOD)
        assert made.status_code == 303
        assert await self.follow("/console") == "/console"

    async def follow(self, path: str) -> str:
        """Go where ``path`` leads until there is a page; the path of that page."""
        page = await self.browser.get(path)
        for _ in range(8):
            if page.status_code != 303:
                break
            page = await self.browser.get(page.headers["location"])
        return page.url.path


def hidden(page: httpx2.Response, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)">', page.text)
    assert found is not None
    return html.unescape(found[1])


async def without_keys(console: Console) -> None:
    """Take every key away, as if the issuer had never been started."""
    await console.store.write(lambda connection: connection.execute(delete(signing_keys)))
    await console.desk.keys.refresh()
