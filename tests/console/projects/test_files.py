"""The files of every kind: they are what a careful person would write, whatever the values in them."""

import ast
import compileall
import importlib.util
import io
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from tests.console.projects.generated import SECRET, facts_of, write

from watchword.admin.apis import api_problems
from watchword.admin.clients import ClientRequest
from watchword.console.projects import PROJECTS, Facts, ProjectKind, archive, rendering
from watchword.console.projects.literals import html_text, markdown_code, markdown_text, shell_word, text_literal
from watchword.store.repositories.apis import Scope

ISSUER = "http://localhost:8400"
HOSTILE = 'a"b\'c\\d`e</script>{{ f }}{% g %}«h»\n"""\nimport os # \u202e\u2028\x00\U0001f980|[i](j)'

# What `pip install watchword[server]` brings, by the names under which it is imported.
BROUGHT = {"watchword", "fastapi", "starlette", "uvicorn", "httpx2", "pydantic"}

every_kind = pytest.mark.parametrize("kind", PROJECTS, ids=[kind.name for kind in PROJECTS])


def hostile_facts(kind: ProjectKind) -> Facts:
    """Facts whose every text tries to end its place."""
    return replace(
        facts_of(kind, f"http://localhost:8400/{HOSTILE}"),
        api_identifier=f"http://localhost:8400/{HOSTILE}",
        api_name=HOSTILE,
        client_id=HOSTILE,
        scopes=((f"read{HOSTILE}", HOSTILE), (f"write{HOSTILE}", HOSTILE)),
    )


# Of all of ruff's rules those that are a matter of taste here, as in this repository; programs that print, small
# functions that speak by their names, and a subprocess whose command is fixed.
TASTE = (
    "D1",
    "D203",
    "D213",
    "D401",
    "COM812",
    "CPY",
    "INP",
    "T20",
    "EM",
    "TRY003",
    "ANN401",
    "PLR2004",
    "S603",
    "PERF401",
)


@every_kind
def test_every_kind_is_told_apart_and_described(kind: ProjectKind) -> None:
    assert kind.name == kind.name.lower()
    for text in (kind.title, kind.sentence, kind.flow):
        assert text
        assert text[0].isupper()
    assert kind.sentence.endswith(".")
    for choice, why in kind.wanted().why:
        assert choice
        assert why.endswith(".")


def test_no_two_kinds_share_a_name_or_a_port() -> None:
    assert len({kind.name for kind in PROJECTS}) == len(PROJECTS)
    ports = [port for kind in PROJECTS for port in (kind.app_port, kind.api_port)]
    assert len(set(ports)) == 2 * len(PROJECTS)


@every_kind
def test_what_a_kind_wants_can_be_made(kind: ProjectKind) -> None:
    wanted = kind.wanted()
    names = [name for name, _ in wanted.scopes]
    assert api_problems(wanted.api_identifier, [Scope(*scope) for scope in wanted.scopes]) == []
    request = ClientRequest(
        name=wanted.client_name,
        public=wanted.public,
        redirect_uris=wanted.redirect_uris,
        post_logout_redirect_uris=wanted.post_logout_redirect_uris,
        scopes=() if wanted.acts_for_itself else (*wanted.sign_in_scopes, *names),
        api_scopes={wanted.api_identifier: names} if wanted.acts_for_itself else {},
    )
    assert request.problems() == []


@every_kind
def test_the_secret_stands_in_its_own_ignored_file_and_nowhere_else(kind: ProjectKind) -> None:
    facts = facts_of(kind, ISSUER)
    files = kind.files(facts)
    holders = [path for path, text in files.items() if SECRET in text]
    assert holders == ([] if kind.wanted().public else [".secrets/client_secret"])
    assert ".secrets/" in files[".gitignore"].splitlines()
    assert SECRET not in repr(facts)
    assert {"README.md", "requirements.txt", "run.py"} <= files.keys()
    if not kind.wanted().public:
        for secret in (None, "", "two\nlines", " padded "):
            with pytest.raises(ValueError, match="one line of printable characters"):
                kind.files(replace(facts, client_secret=secret))


@every_kind
def test_the_readme_names_every_file_that_is_there(kind: ProjectKind) -> None:
    files = kind.files(facts_of(kind, ISSUER))
    readme = files.pop("README.md")
    for path in files.keys() - {".gitignore", "requirements.txt"}:
        assert f"`{path}`" in readme or f"`{path.split('/')[0]}/`" in readme or path.startswith("static/"), path
    assert "python run.py" in readme
    assert all(len(line) <= 125 for line in readme.splitlines())


@pytest.fixture(scope="session")
def type_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy has learnt of the libraries, which it need not learn five times."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.slow
@every_kind
def test_ruff_mypy_and_python_have_nothing_to_say(kind: ProjectKind, tmp_path: Path, type_cache: Path) -> None:
    write(kind.files(facts_of(kind, ISSUER)), tmp_path)
    for command in (
        ["ruff", "check", "--isolated", "--no-cache"],
        ["ruff", "check", "--isolated", "--no-cache", "--select", "ALL", "--ignore", ",".join(TASTE)],
        ["ruff", "format", "--isolated", "--no-cache", "--check"],
        ["mypy", "--strict", "--cache-dir", str(type_cache), "--config-file", ""],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command, "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert compileall.compile_dir(tmp_path, quiet=1)


@every_kind
def test_nothing_is_imported_that_one_install_does_not_bring(kind: ProjectKind) -> None:
    files = kind.files(facts_of(kind, ISSUER))
    own = {path.removesuffix(".py") for path in files}
    for path, text in files.items():
        if path.endswith(".py"):
            assert imported(text) <= BROUGHT | own | set(sys.stdlib_module_names), path
    assert all(importlib.util.find_spec(name) for name in BROUGHT)
    needs_pages = "jinja2" in files["requirements.txt"]
    assert needs_pages == any("fastapi.templating" in text for text in files.values())


def imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@every_kind
def test_hostile_values_stay_where_they_belong(kind: ProjectKind) -> None:
    """The same code with other strings in it: what differs between two syntax trees are strings alone."""
    facts = hostile_facts(kind)
    plain, hostile = kind.files(facts_of(kind, ISSUER)), kind.files(facts)
    assert plain.keys() == hostile.keys()
    strings: set[str] = set()
    for path, text in hostile.items():
        assert "\x00" not in text, path
        assert "\u202e" not in text, path
        if path.endswith(".py"):
            assert shape(text) == shape(plain[path]), path
            strings |= {node.value for node in constants(text) if isinstance(node.value, str)}
        elif path.endswith(".html"):
            assert tags(text) == tags(plain[path])
        elif path != "README.md":
            assert text == plain[path]
    used = {facts.issuer, facts.api_identifier, facts.client_id, facts.scopes[0][0], facts.scopes[1][0]}
    assert used <= strings


def constants(source: str) -> Iterator[ast.Constant]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))


def shape(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def tags(page: str) -> list[Any]:
    found: list[Any] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, attrs))

        def handle_endtag(self, tag: str) -> None:
            found.append(tag)

    Tags().feed(page)
    return found


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_literal_means_its_text_in_python_and_in_toml(text: str) -> None:
    literal = text_literal(text)
    assert ast.literal_eval(literal) == text
    assert tomllib.loads(f"x = {literal}")["x"] == text
    assert literal.isprintable()
    assert ast.literal_eval(text_literal((text, text))) == [text, text]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_other_languages_get_one_line_without_markup(text: str) -> None:
    assert not {"<", ">", '"', "'"} & set(html_text(text))
    for literal in (markdown_text(text), markdown_code(text), shell_word(text)):
        assert literal.isprintable()


def test_markdown_and_shell_as_examples() -> None:
    assert markdown_text("a *b*\n# c <d>") == r"a \*b\* \# c \<d\>"
    assert markdown_code("a``b") == "```a``b```"
    assert markdown_code("`a") == "`` `a ``"
    assert shell_word("a'; rm -r ~; '") == """'a'"'"'; rm -r ~; '"'"''"""


def test_a_template_that_does_not_say_the_language_is_an_error() -> None:
    facts = facts_of(PROJECTS[0], ISSUER)
    environment = rendering._ENVIRONMENT
    assert environment.from_string("«issuer | python»").render(issuer=facts.issuer) == f'"{ISSUER}"'
    with pytest.raises(TypeError, match="says in which language"):
        environment.from_string("«issuer»").render(issuer=facts.issuer)
    with pytest.raises(UndefinedError):
        environment.from_string("«isuer | python»").render(issuer=facts.issuer)
    with pytest.raises(UndefinedError):
        environment.from_string("«isuer»").render(issuer=facts.issuer)


@every_kind
def test_a_project_without_a_scope_is_refused(kind: ProjectKind) -> None:
    with pytest.raises(ValueError, match="needs a scope"):
        kind.files(replace(facts_of(kind, ISSUER), scopes=()))


@every_kind
def test_an_archive_is_the_same_each_time_and_says_who_may_read_the_secret(kind: ProjectKind) -> None:
    facts = facts_of(kind, ISSUER)
    first = archive(kind, facts, folder="my-notes")
    assert first == archive(kind, facts, folder="my-notes")
    with zipfile.ZipFile(io.BytesIO(first)) as file:
        assert file.testzip() is None
        unpacked = {entry.filename: file.read(entry).decode() for entry in file.infolist()}
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in file.infolist()}
    assert unpacked == {f"my-notes/{path}": text for path, text in kind.files(facts).items()}
    assert {name: mode for name, mode in modes.items() if mode != 0o644} == (
        {} if kind.wanted().public else {"my-notes/.secrets/client_secret": 0o600}
    )


@pytest.mark.parametrize("folder", ["", ".", "..", "../x", "a/b", "a\\b", "C:x", "a\nb"])
def test_an_archive_unpacks_into_one_folder_only(folder: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        archive(PROJECTS[0], facts_of(PROJECTS[0], ISSUER), folder=folder)
