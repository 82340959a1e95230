"""The page of the audit, and words for everything that is ever written into it."""

import html
import re
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.console.running import GOOD, Console
from tests.console.statements import counted

import watchword
from watchword.admin.clients import ClientRequest, add_client
from watchword.console.audit_words import WORDS
from watchword.store.repositories.audit import Actor, AuditEntry, record

pytestmark = pytest.mark.anyio

HOSTILE = "</summary><script>alert(1)</script>"
SOURCE = Path(watchword.__file__).parent


def fill(connection: Connection, at: float, count: int) -> None:
    for number in range(count):
        record(connection, AuditEntry(at + number, Actor("system"), "key.published", "key", f"k{number}"))


def test_there_are_words_for_every_action() -> None:
    """Read off the source: an action that somebody adds without words fails here."""
    kinds = r"(?:user|client|api|key|grant|session|token|issuer|setup_link|consent)"
    written = set()
    for path in SOURCE.rglob("*.py"):
        if "console" not in path.parts:
            written |= set(re.findall(rf'(?:entry|Entry)\([^"\n]*"({kinds}\.[a-z_]+)"', path.read_text()))
            written |= set(
                re.findall(rf'^\s+AuditEntry\(now, actor, "({kinds}\.[a-z_]+)"', path.read_text(), re.MULTILINE)
            )
    assert {"user.created", "grant.created", "key.retired", "client.mended", "session.ended"} <= written
    assert written - set(WORDS) == set()
    composed = {f"{one}.tokens_revoked" for one in ("user", "client", "issuer")}
    composed |= {f"{one}.roles_added" for one in ("user", "client")}
    assert set(WORDS) == written | composed


async def test_rows_say_what_by_whom_and_lead_there(console: Console) -> None:
    await console.sign_in()
    client, _ = await add_client(console.desk, ClientRequest(name=HOSTILE, redirect_uris=["https://shop.example/"]))
    page = (await console.browser.get("/console/audit")).text
    assert "<script" not in page
    assert f"<bdi>{html.escape(HOSTILE)}</bdi>" in page
    assert "<strong>Client created</strong>" in page
    assert "Operator at the terminal" in page
    assert f'href="/console/clients/{client.id}"' in page
    assert "Watchword itself" in page


async def test_filters_stay_while_paging(console: Console) -> None:
    await console.sign_in()
    await console.store.write(lambda connection: fill(connection, console.desk.clock.now(), 120))
    await console.store.write(lambda connection: fill(connection, console.desk.clock.now(), 1))
    seen, url = [], "/console/audit?action=key.published&actor=&target="
    for _ in range(3):
        with counted() as statements:
            page = (await console.browser.get(url)).text
        assert len(statements) <= 10
        seen.append(page.count("<strong>Key published</strong>"))
        more = re.search(r'id="more" href="([^"]+)"', page)
        url = html.unescape(more[1]) if more else ""
    assert seen == [50, 50, 24]  # three of them the ring's own
    assert url == ""
    assert '<option value="key.published" selected>' in page
    mine = (await console.browser.get(f"/console/audit?actor={GOOD['email']}")).text
    assert "<strong>Signed in</strong>" in mine
    assert "Key published</strong>" not in mine
    assert "A quiet night." in (await console.browser.get("/console/audit?target=nothing%00")).text
