"""A person without a browser: follows redirects, keeps cookies, fills in the forms that the pages carry.

Plain HTTP and `html.parser`: nothing of Watchword is imported, so that the pages are judged from outside.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx2

MAX_STEPS = 15


@dataclass
class Form:
    """The first form of a page: where it goes and what it holds; buttons by their id."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form = Form(values.get("action", ""))
            self._inside = True
        elif self._inside and self.form is not None and tag == "input" and values.get("name"):
            self.form.fields[values["name"]] = values.get("value", "")
        elif self._inside and self.form is not None and tag == "button":
            self.form.buttons[values.get("id", "")] = (values.get("name", ""), values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def form_of(page: str) -> Form:
    """The first form of ``page``."""
    parser = _Page()
    parser.feed(page)
    assert parser.form is not None, "the page has no form"
    return parser.form


class Person:
    """Signs in with a user name and a password wherever a page asks for them, and presses the buttons they are told to.

    Args:
        username: typed into ``username``.
        password: typed into ``password``.
        consents: whether they press Allow or Deny.
    """

    def __init__(self, username: str, password: str, *, consents: bool = True) -> None:
        self.http = httpx2.Client(follow_redirects=False, trust_env=False, headers={"Accept": "text/html"}, timeout=20)
        self.username = username
        self.password = password
        self.consents = consents
        self.visited: list[str] = []

    def close(self) -> None:
        self.http.close()

    def visit(self, url: str, callback: str) -> str:
        """Go where ``url`` leads until a redirect leaves for ``callback``; returns that whole address."""
        response = self.http.get(url)
        for _ in range(MAX_STEPS):
            self.visited.append(urlsplit(str(response.url)).path)
            if response.is_redirect:
                assert response.status_code == 303, f"redirects are 303, this was {response.status_code}"
                target = urljoin(str(response.url), response.headers["location"])
                if target.startswith(callback):
                    return target
                response = self.http.get(target)
                continue
            assert response.status_code == 200, f"{response.status_code} at {response.url.path}: {response.text[:400]}"
            response = self._submit(str(response.url), form_of(response.text))
        raise AssertionError(f"no end of steps: {self.visited}")

    def _submit(self, url: str, form: Form) -> httpx2.Response:
        fields = dict(form.fields)
        if "password" in fields:
            fields |= {"username": self.username, "password": self.password}
        if "consent-allow" in form.buttons:
            name, value = form.buttons["consent-allow" if self.consents else "consent-deny"]
            fields[name] = value
        target = urljoin(url, form.action)
        parts = urlsplit(target)
        headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"}
        return self.http.post(target, data=fields, headers=headers)
