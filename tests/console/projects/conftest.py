"""One issuer that knows what every kind of project wants, and projects written for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.console.projects.generated import SECRET, Running, client_id, facts_of, write
from tests.e2e.installation import Installation, start
from tests.e2e.person import Person
from tests.ports import block

from watchword.console.projects import PROJECTS, ProjectKind

PASSWORD = "grey heron on the weir"
OTHER_API = "http://localhost:9/other"
STRANGER = "project-stranger"
# So short that the projects have to renew theirs while a test looks on.
SHORT = {"WATCHWORD_TOKENS_ACCESS_TOKEN_LIFETIME": "20s"}


@dataclass(frozen=True)
class Surroundings:
    """An issuer, the kinds on this worker's ports, and a way to run one."""

    installation: Installation
    kinds: dict[str, ProjectKind]

    @property
    def issuer(self) -> str:
        return self.installation.issuer

    def token_for(self, resource: str) -> str:
        """A token of a client that may call two APIs, for one of them."""
        answer = httpx2.post(
            f"{self.issuer}/token",
            data={"grant_type": "client_credentials", "resource": resource, "scope": "notes:read notes:write"},
            auth=(STRANGER, SECRET),
            trust_env=False,
        )
        return str(answer.raise_for_status().json()["access_token"])


def kinds_at(base: int) -> dict[str, ProjectKind]:
    """Every kind on ports from ``base`` on."""
    found: dict[str, ProjectKind] = {}
    for number, kind in enumerate(PROJECTS):
        moved: Any = kind
        found[kind.name] = replace(moved, app_port=base + 2 * number, api_port=base + 2 * number + 1)
    return found


def seed_text(kinds: dict[str, ProjectKind]) -> str:
    """APIs and clients as the kinds want them, alice, and a client that may call every API."""
    scopes = '[{ name = "notes:read", description = "Read" }, "notes:write"]'
    parts = [f'[[api]]\nurl = "{OTHER_API}"\nname = "Other"\nscopes = {scopes}\n']
    for kind in kinds.values():
        wanted = kind.wanted()
        names = [name for name, _ in wanted.scopes]
        parts.append(f'[[api]]\nurl = "{wanted.api_identifier}"\nname = "{wanted.api_name}"\nscopes = {names}\n')
        lines = [f'[[client]]\nid = "{client_id(kind)}"\nname = "{wanted.client_name}"']
        lines.append("public = true" if wanted.public else f'secret = "{SECRET}"')
        if wanted.redirect_uris:
            lines.append(f"redirect_uris = {list(wanted.redirect_uris)}")
            lines.append(f"post_logout_redirect_uris = {list(wanted.post_logout_redirect_uris)}")
            lines.append(f"scopes = {[*wanted.sign_in_scopes, *names]}")
        if wanted.acts_for_itself:
            lines.append(f'api_scopes = {{ "{wanted.api_identifier}" = {names} }}')
        parts.append("\n".join(lines) + "\n")
    reach = ", ".join(
        f'"{url}" = ["notes:read", "notes:write"]'
        for url in (OTHER_API, *(kind.wanted().api_identifier for kind in kinds.values()))
    )
    parts.append(f'[[client]]\nid = "{STRANGER}"\nsecret = "{SECRET}"\nname = "Stranger"\napi_scopes = {{ {reach} }}\n')
    for name in ("alice", "bob"):
        lines = [f'[[user]]\nemail = "{name}@example.com"\nusername = "{name}"\nname = "{name.title()} Example"']
        parts.append("\n".join([*lines, f'password = "{PASSWORD}"\n']))
    return "\n".join(parts)


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    base = block("projects")
    kinds = kinds_at(base)
    directory = tmp_path_factory.mktemp("issuer")
    seed = directory / "seed.toml"
    seed.write_text(seed_text(kinds))
    installation = start(
        directory, "--port", str(base + 18), "--demo-port", "0", "--seed", str(seed), environment=SHORT
    )
    yield Surroundings(installation, kinds)
    assert installation.stop() == 0, installation.output()


Run = Callable[..., Running]


@pytest.fixture
def run(surroundings: Surroundings, tmp_path: Path) -> Iterator[Run]:
    """Write a kind of project and run it: ``run("web-app")``."""
    started: list[Running] = []

    def write_and_run(name: str, *arguments: str) -> Running:
        kind = surroundings.kinds[name]
        folder, home = tmp_path / name, tmp_path / "home"
        home.mkdir()
        write(kind.files(facts_of(kind, surroundings.issuer)), folder)
        started.append(Running(folder, home, *arguments))
        return started[-1]

    yield write_and_run
    for project in started:
        project.interrupt()


@pytest.fixture
def alice() -> Iterator[Person]:
    person = Person("alice", PASSWORD)
    yield person
    person.close()


@pytest.fixture
def bob() -> Iterator[Person]:
    """Somebody else, so that what he has consented to is not alice's."""
    person = Person("bob", PASSWORD)
    yield person
    person.close()
