"""The projects with pages, in a real Chromium: sign in, see what the API answers, sign out; and never a token."""

import base64
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.console.projects.conftest import PASSWORD, Run, Surroundings
from tests.console.projects.generated import SECRET, Running
from tests.e2e.chromium import FLAGS
from tests.e2e.chromium import chromium as chromium_path
from tests.e2e.person import Person, form_of

pytestmark = pytest.mark.slow

# Access and ID tokens are JWTs; refresh tokens begin with their own mark.
TOKEN = re.compile(r"eyJ[\w-]{8,}|wwr_[\w-]{8,}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


class Watch:
    """One browser, and everything that it sends and is given: addresses, headers, bodies, cookies, storage."""

    def __init__(self, chromium: Browser, har: Path, *, scripts: bool) -> None:
        self._har = har
        self.context = chromium.new_context(
            java_script_enabled=scripts, record_har_path=har, record_har_content="embed"
        )
        self.complaints: list[str] = []
        self.context.on("console", lambda message: self.complaints.append(message.text))

    def close(self) -> str:
        """Close the browser; returns all that was ever in its reach."""
        seen = [str(self.context.storage_state(indexed_db=True))]
        self.context.close()
        har = json.loads(self._har.read_text())
        for entry in har["log"]["entries"]:
            content = entry["response"]["content"]
            if content.get("encoding") == "base64":
                content["text"] = base64.b64decode(content["text"]).decode(errors="replace")
            seen.append(json.dumps(entry, ensure_ascii=False))
        return "\n".join(seen)


def sign_in(page: Page) -> None:
    page.click("#sign-in")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.click("#login-submit")


def sign_out(page: Page) -> None:
    page.click("#sign-out")
    page.click("#logout-yes")  # without the ID token in the address the issuer asks


def test_a_token_would_be_found() -> None:
    assert TOKEN.findall("a=eyJhbGciOiJFUzI1NiJ9.e30.x; b=wwr_0123456789") == ["eyJhbGciOiJFUzI1NiJ9", "wwr_0123456789"]


@pytest.mark.browser
def test_the_web_app(run: Run, surroundings: Surroundings, chromium: Browser, tmp_path: Path) -> None:
    kind = surroundings.kinds["web-app"]
    home = f"http://localhost:{kind.app_port}/"
    project = run("web-app")
    project.wait_for("Ctrl-C stops")
    watch = Watch(chromium, tmp_path / "browser.har", scripts=False)
    context = watch.context
    page = context.new_page()

    page.goto(home)
    expect(page.locator("h1")).to_have_text("Notes")
    sign_in(page)
    expect(page).to_have_url(home)
    expect(page.locator("#name")).to_have_text("Alice Example")
    expect(page.locator("#notes li")).to_have_text(["This note came from the API"])
    page.fill("[name=text]", "<b>Buy</b> oat milk")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#notes li").last).to_have_text("<b>Buy</b> oat milk")

    (session,) = [cookie for cookie in context.cookies() if cookie["name"] == f"session_{kind.app_port}"]
    assert session["httpOnly"]
    assert session["sameSite"] == "Lax"
    cookies = {session["name"]: session["value"]}
    with httpx2.Client(base_url=home, cookies=cookies, trust_env=False) as forger:
        for form in ({"text": "x"}, {"text": "x", "csrf_token": "forged"}, {"text": "x", "csrf_token": "\u00e9"}):
            assert forger.post("/notes", data=form).status_code == 403
        assert forger.post("/sign-out").status_code == 403
        nobody = httpx2.post(f"{home}sign-out", trust_env=False)
        assert (nobody.status_code, nobody.headers["location"]) == (303, "/")
        assert "Alice Example" in forger.get("/").text

    sign_out(page)
    expect(page).to_have_url(home)
    expect(page.locator("#sign-in")).to_be_visible()
    with httpx2.Client(base_url=home, cookies=cookies, trust_env=False) as thief:
        assert "Alice" not in thief.get("/").text
    page.click("#sign-in")
    expect(page.locator("[name=password]")).to_be_visible()  # the session at the issuer has ended too
    assert watch.complaints == []
    seen = watch.close()
    assert TOKEN.findall(seen) == []
    assert "wwc_" in seen, "addresses were recorded"
    assert "This note came from the API" in seen, "bodies were recorded"
    assert session["value"] in seen, "headers were recorded"
    assert project.interrupt() == 0
    assert not TOKEN.search(project.output())
    assert SECRET not in project.output()
    assert "Traceback" not in project.output()


@pytest.mark.parametrize("name", ["web-app", "single-page-app"])
def test_a_sign_in_is_finished_where_it_began_and_once(
    run: Run, surroundings: Surroundings, alice: Person, name: str
) -> None:
    """O08: nobody can be signed in by somebody else's link."""
    port = surroundings.kinds[name].app_port
    home, cookie = f"http://localhost:{port}", f"session_{port}"
    run(name).wait_for("Ctrl-C stops")
    callback = alice.visit(f"{home}/sign-in", f"{home}/callback")
    with httpx2.Client(trust_env=False) as victim:
        answer = victim.get(callback)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        victim.get(f"{home}/sign-in")
        assert cookie not in victim.get(callback).cookies
    assert cookie in alice.http.get(callback).cookies
    assert cookie not in alice.http.get(callback).cookies


@pytest.mark.browser
def test_the_single_page_app(run: Run, surroundings: Surroundings, chromium: Browser, tmp_path: Path) -> None:
    kind = surroundings.kinds["single-page-app"]
    home = f"http://localhost:{kind.app_port}/"
    project = run("single-page-app")
    project.wait_for("Ctrl-C stops")
    watch = Watch(chromium, tmp_path / "browser.har", scripts=True)
    context = watch.context
    page = context.new_page()

    page.goto(home)
    expect(page.locator("#sign-in")).to_be_visible()
    watch.complaints.clear()  # Chromium tells of the 401 by which the page learnt that nobody is signed in
    sign_in(page)
    expect(page).to_have_url(home)
    expect(page.locator("#name")).to_have_text("Alice Example")
    expect(page.locator("#notes li")).to_have_text(["This note came from the API"])
    page.fill("[name=text]", "<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#notes li").last).to_have_text("<img src=x onerror=alert(1)>")
    page.reload()
    expect(page.locator("#notes li")).to_have_count(2)

    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert watch.complaints == []
    (session,) = [cookie for cookie in context.cookies() if cookie["name"] == f"session_{kind.app_port}"]
    assert session["httpOnly"]
    cookies = {session["name"]: session["value"]}
    with httpx2.Client(base_url=home, cookies=cookies, trust_env=False) as forger:
        assert forger.get("/api/notes").status_code == 403
        assert forger.post("/api/notes", json={"text": "x"}).status_code == 403
        assert forger.post("/sign-out").status_code == 403
        preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        assert "access-control-allow-origin" not in forger.options("/api/notes", headers=preflight).headers
        own = {"X-Own-Page": "1"}
        assert forger.get("/api/notes", headers=own).status_code == 200, "or the refusals above would prove nothing"
        for path in ("/api/no-such", "/api//evil.example/", "/api/%2F%2Fevil.example/", "/api/..%2fnotes%3fx", "/api/"):
            answer = forger.get(path, headers=own)
            assert answer.status_code in {200, 404}, path
        forger.cookies = httpx2.Cookies({session["name"]: "forged"})
        assert forger.get("/api/notes", headers=own).status_code == 401

    sign_out(page)
    expect(page).to_have_url(home)
    expect(page.locator("#sign-in")).to_be_visible()
    with httpx2.Client(base_url=home, cookies=cookies, trust_env=False) as thief:
        assert thief.get("/api/notes", headers={"X-Own-Page": "1"}).status_code == 401
    page.click("#sign-in")
    expect(page.locator("[name=password]")).to_be_visible()
    seen = watch.close()
    assert TOKEN.findall(seen) == []
    assert "wwc_" in seen, "addresses were recorded"
    assert "This note came from the API" in seen, "bodies were recorded"
    assert session["value"] in seen, "headers were recorded"
    assert project.interrupt() == 0
    assert not TOKEN.search(project.output())
    assert SECRET not in project.output()
    assert "Traceback" not in project.output()


def test_signing_out_at_the_issuer_ends_the_session_of_the_app(
    run: Run, surroundings: Surroundings, alice: Person
) -> None:
    """Its tokens are withdrawn, and the app hears of it when it renews them, or before, from the API."""
    home = f"http://localhost:{surroundings.kinds['web-app'].app_port}"
    run("web-app").wait_for("Ctrl-C stops")
    alice.http.get(alice.visit(f"{home}/sign-in", f"{home}/callback"))
    assert "Alice Example" in alice.http.get(home).text
    asked = alice.http.get(f"{surroundings.issuer}/end_session", follow_redirects=True)
    form = form_of(asked.text)
    address = urljoin(str(asked.url), form.action)
    same_site = {"Origin": surroundings.issuer, "Sec-Fetch-Site": "same-origin"}
    assert alice.http.post(address, data=form.fields, headers=same_site).status_code == 303
    deadline = time.monotonic() + 40  # two lives of an access token
    while "Alice Example" in alice.http.get(home, follow_redirects=True).text:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "Sign in" in alice.http.get(home).text


@pytest.mark.parametrize("name", ["web-app", "single-page-app"])
def test_cookies_of_the_api_are_nobodys(run: Run, surroundings: Surroundings, alice: Person, name: str) -> None:
    """One HTTP client serves all sessions: what the API gives one person must not go out with another's request."""
    port = surroundings.kinds[name].app_port
    home = f"http://localhost:{port}"
    project = run(name)
    project.wait_for("Ctrl-C stops")
    assert project.interrupt() == 0
    api = project.folder / "api.py"
    api.write_text(api.read_text().replace("if __name__", COOKIES_AT_THE_API + "if __name__"))
    again = Running(project.folder, project.folder.parent)
    try:
        again.wait_for("Ctrl-C stops")
        alice.http.get(alice.visit(f"{home}/sign-in", f"{home}/callback"))
        notes = f"{home}/api/notes" if name == "single-page-app" else home
        for _ in range(2):
            answer = alice.http.get(notes, headers={"X-Own-Page": "1"})
            assert answer.status_code == 200
            assert "This note came from the API" in answer.text
            assert "set-cookie" not in answer.headers
    finally:
        again.interrupt()


# Gives everybody a cookie, and refuses whoever comes with one.
COOKIES_AT_THE_API = """
@app.middleware("http")
async def cookies(request, go_on):
    from fastapi.responses import PlainTextResponse
    answer = PlainTextResponse("a cookie", 418) if request.cookies else await go_on(request)
    answer.set_cookie("whose", "somebody's")
    return answer


"""


@pytest.mark.parametrize("name", ["web-app", "single-page-app"])
def test_an_issuer_that_is_away_is_said_in_a_sentence(run: Run, surroundings: Surroundings, name: str) -> None:
    kind = surroundings.kinds[name]
    project = run(name)
    project.wait_for("Ctrl-C stops")
    assert project.interrupt() == 0
    settings = project.folder / "settings.py"
    settings.write_text(settings.read_text().replace(surroundings.issuer, "http://localhost:9"))
    again = Running(project.folder, project.folder.parent)
    try:
        again.wait_for("Ctrl-C stops")
        answer = httpx2.get(f"http://localhost:{kind.app_port}/sign-in", trust_env=False)
        assert answer.status_code == 502
        assert "cannot be had now" in answer.text
    finally:
        again.interrupt()
