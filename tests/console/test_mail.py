"""The page of mail: text stays text, and only our own addresses may be clicked."""

from dataclasses import replace

import pytest
from tests.console.running import Console

from watchword.admin.mail import list_mail
from watchword.admin.users import UserRequest, add_user
from watchword.console.mail import parts

pytestmark = pytest.mark.anyio

HOSTILE = "Bob</p><script>alert(1)</script> https://evil.example/"


@pytest.fixture
def demo_url() -> str:
    """Mail is kept where a demonstration runs beside the issuer."""
    return "http://localhost:8401"


async def test_a_mail_is_listed_and_read(console: Console) -> None:
    await console.sign_in()
    assert "Nothing to deliver." in (await console.browser.get("/console/mail")).text
    await add_user(console.desk, UserRequest(email="bob@example.com", name=HOSTILE), invite=True)
    (mail,) = await list_mail(console.desk)
    assert f'href="/console/mail/{mail.id}"' in (await console.browser.get("/console/mail")).text
    page = (await console.browser.get(f"/console/mail/{mail.id}")).text
    assert "<script" not in page
    assert 'href="http://localhost:8400/login"' in page
    assert 'href="https://evil.example' not in page
    assert "https://evil.example/" in page
    assert (await console.browser.get("/console/mail/nothing")).status_code == 404


async def test_where_no_mail_is_kept_there_is_no_page(console: Console) -> None:
    await console.sign_in()
    issuer = console.application.state.issuer
    console.application.state.desk = replace(console.desk, settings=replace(issuer.settings, demo_url=None))
    assert (await console.browser.get("/console/mail")).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8400.evil.example/", "http://localhost:8400@evil.example/", "https://localhost:8400/x",
        "javascript:alert(1)", "http://[", "http://evil.example/http://localhost:8400/", "HTTP://LOCALHOST:8400/",
    ],
)  # fmt: skip
def test_what_is_not_ours_is_no_link(text: str) -> None:
    assert all(not part["url"] for part in parts(f"see {text} now", "http://localhost:8400"))


def test_nothing_of_a_mail_is_lost() -> None:
    body = "a http://localhost:8400/login\nb http://localhost:8400/x?y=z, https://else.example\n"
    found = parts(body, "http://localhost:8400")
    assert "".join(part["text"] for part in found) == body
    assert [part["url"] for part in found if part["url"]] == [
        "http://localhost:8400/login", "http://localhost:8400/x?y=z,",
    ]  # fmt: skip
