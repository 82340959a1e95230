"""Every page, as HTML: complete for assistive technology, free of scripts and styles, and deaf to hostile names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import jinja2
import pytest
from tests.design.samples import read_samples

from watchword.issuer.interaction.rendering import Renderer

Samples = dict[str, dict[str, Any]]
Render = Callable[..., str]

VOID = {"meta", "link", "input", "br", "hr", "img"}
# https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill
AUTOCOMPLETE = {"username", "current-password", "new-password", "name", "off"}
CLASSES = "".join(
    file.read_text() for file in resources.files("watchword").joinpath("static").iterdir() if file.name.endswith(".css")
)
NAMES = sorted(
    name
    for folder in ("watchword.issuer.interaction", "watchword.console")
    for name in (file.name for file in resources.files(folder).joinpath("templates").iterdir())
    if name not in {"base.html", "console_base.html"} and not name.startswith("_")
)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    children: "list[Element]" = field(default_factory=list)


class Tree(HTMLParser):
    """A strict reading: every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def by_id(self, name: str) -> Element:
        (found,) = [element for element in self.elements if element.attributes.get("id") == name]
        return found


def sample_names() -> list[str]:
    return list(read_samples())


def test_every_template_has_a_sample(samples: Samples) -> None:
    assert {sample["template"] for sample in samples.values()} >= set(NAMES)


@pytest.mark.parametrize("name", sample_names())
def test_page_is_sound(name: str, rendered: Render) -> None:
    page = rendered(name)
    tree = Tree(page)
    (html,) = tree.all("html")
    assert html.attributes["lang"] == "en"
    assert len(tree.all("h1")) == 1
    assert len(tree.all("main")) == 1
    assert tree.all("title")[0].text.strip().endswith("· Watchword")
    ids = [element.attributes["id"] for element in tree.elements if "id" in element.attributes]
    assert len(set(ids)) == len(ids)
    for element in tree.elements:
        for attribute in ("aria-describedby", "aria-labelledby"):
            assert set((element.attributes.get(attribute) or "").split()) <= set(ids)
    # What changes something is posted; a search has an address that can be kept and sent.
    for form in tree.all("form"):
        assert form.attributes["method"] == ("get" if form.attributes.get("role") == "search" else "post")


@pytest.mark.parametrize("name", sample_names())
def test_page_has_no_script_and_no_style_of_its_own(name: str, rendered: Render) -> None:
    tree = Tree(rendered(name))
    assert tree.all("style", "iframe", "object", "embed", "base") == []
    for script in tree.all("script"):  # modules of our own, which block nothing
        assert script.attributes["type"] == "module"
        assert (script.attributes["src"] or "").startswith("/static/")
        assert script.text == ""
    for element in tree.elements:
        assert "style" not in element.attributes
        assert not any(attribute.startswith("on") for attribute in element.attributes)
        for attribute in ("href", "action", "src"):
            assert not (element.attributes.get(attribute) or "").startswith(("javascript:", "//", "data:"))


@pytest.mark.parametrize("name", sample_names())
def test_fields_are_labelled_and_known_to_password_managers(name: str, rendered: Render) -> None:
    tree = Tree(rendered(name))
    labelled = {label.attributes["for"] for label in tree.all("label")}
    for entry in tree.all("input"):
        if entry.attributes["type"] == "hidden":
            continue
        assert entry.attributes["id"] in labelled
        assert entry.attributes["autocomplete"] in AUTOCOMPLETE
        if entry.attributes["type"] == "password":
            assert "value" not in entry.attributes
        if entry.attributes.get("aria-invalid") == "true":
            assert entry.attributes["aria-describedby"]
    for choice in tree.all("select", "textarea"):
        assert choice.attributes["id"] in labelled
        assert choice.attributes["autocomplete"] == "off"
    for button in tree.all("button"):
        assert button.attributes["type"] == "submit"
        assert button.text.strip()


@pytest.mark.parametrize("name", sample_names())
def test_classes_exist(name: str, rendered: Render) -> None:
    for element in Tree(rendered(name)).elements:
        for used in (element.attributes.get("class") or "").split():
            assert f".{used}" in CLASSES


@pytest.mark.parametrize("template", NAMES)
def test_a_missing_variable_is_an_error(template: str, renderer: Renderer) -> None:
    page = renderer._environment.get_template(template)
    with pytest.raises(jinja2.UndefinedError):
        page.render({"local": True, "issuer_host": "localhost:8400"})


@pytest.mark.parametrize(
    ("name", "fields", "buttons"),
    [
        ("login", {"csrf_token", "flow", "username", "password"}, {"login-submit": (None, "Sign in")}),
        ("consent", {"csrf_token", "flow"}, {"consent-allow": ("allow", "Allow"), "consent-deny": ("deny", "Deny")}),
        ("logout", {"csrf_token", "flow"}, {"logout-yes": (None, "Yes, sign me out")}),
        (
            "setup",
            {"csrf_token", "token", "email", "name", "password"},
            {"setup-submit": (None, "Create admin and sign in")},
        ),
        ("console-home", {"csrf_token"}, {"console-sign-out": (None, "Sign out")}),
    ],
)  # fmt: skip
def test_names_and_ids_that_programs_drive(
    name: str, fields: set[str], buttons: dict[str, tuple[str | None, str]], rendered: Render
) -> None:
    """CONFORMANCE 1 and 4.4: the conformance suite's browser finds its way by these."""
    tree = Tree(rendered(name))
    assert {entry.attributes["name"] for entry in tree.all("input")} == fields
    for identifier, (value, text) in buttons.items():
        button = tree.by_id(identifier)
        assert button.attributes.get("value") == value
        assert button.attributes.get("name") == ("decision" if value else None)
        assert button.text.strip() == text
    assert len(tree.all("button")) == len(buttons)


def test_texts_that_programs_wait_for(rendered: Render) -> None:
    assert "signed out" in rendered("logged-out")
    assert "signed out" in rendered("logged-out-alone")
    for name in ("error", "error-bare"):
        body = rendered(name).partition("<body>")[2]
        assert "error" in body.lower()


def test_error_page_names_code_and_reference(rendered: Render) -> None:
    page = rendered("error")
    assert "invalid_request" in page
    assert "6f1c2b9e04d7a835" in page
    assert "Reference" not in rendered("error-bare")


def test_errors_are_announced_and_tied_to_their_fields(rendered: Render) -> None:
    for name, notice in (("login-error", "login-error"), ("setup-error", "setup-error")):
        tree = Tree(rendered(name))
        assert tree.by_id(notice).attributes["role"] == "alert"
        for entry in tree.all("input"):
            if entry.attributes["type"] != "hidden":
                assert notice in (entry.attributes["aria-describedby"] or "").split()


def test_error_sentences_read_as_sentences(rendered: Render) -> None:
    assert "The password must have at least 8 characters." in rendered("setup-error")


@pytest.mark.parametrize("name", sample_names())
def test_only_a_local_issuer_says_so(name: str, rendered: Render) -> None:
    assert "nothing leaves this machine" in rendered(name, local=True)
    assert "nothing leaves this machine" not in rendered(name, local=False)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "{{ 7 * 7 }}{% include 'login.html' %}",
    "</title></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt; &quot;",
    "\u202egnp.exe\u2066",
]


@pytest.mark.parametrize("payload", HOSTILE)
@pytest.mark.parametrize("name", [name for name in sample_names() if name != "components"])
def test_hostile_text_stays_text(name: str, payload: str, samples: Samples, rendered: Render) -> None:
    """O11: whatever a client, a user or an address says about itself becomes neither tag nor attribute nor code."""
    plain, attacked = Tree(rendered(name)), Tree(rendered(name, **poisoned(samples[name]["context"], payload)))
    assert [element.tag for element in attacked.elements] == [element.tag for element in plain.elements]
    for before, after in zip(plain.elements, attacked.elements, strict=True):
        assert set(after.attributes) - set(before.attributes) <= {"autofocus"}
        if after.tag == "h1" and name == "consent":
            assert payload in after.text


def poisoned(context: Any, payload: str) -> Any:
    """The same context with every text that others may choose replaced; addresses of our own are left."""
    ours = {
        "action", "url", "login_url", "demo_url", "sections", "current_section",
        "key", "state", "pressed", "source", "target", "tabs",  # they choose what a page shows, and are nobody's input
    }  # fmt: skip
    if isinstance(context, dict):
        return {key: value if key in ours else poisoned(value, payload) for key, value in context.items()}
    if isinstance(context, list):
        return [poisoned(value, payload) for value in context]
    return payload if isinstance(context, str) and context else context


def test_direction_marks_cannot_leave_a_name(rendered: Render) -> None:
    """O11: a right-to-left override inside a client's name must not turn around the words of the page."""
    for name in ("login", "consent", "logout", "logged-out"):
        tree = Tree(rendered(name, client_name="\u202eevil"))
        holders = [e.tag for e in tree.all("bdi", "p", "h1") if "\u202e" in e.text]
        assert "bdi" in holders
