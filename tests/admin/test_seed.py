"""Seed files: read whole or not at all, applied once or twice with the same outcome."""

import tomllib
from pathlib import Path

import pytest

from watchword.admin import seed, seed_file
from watchword.admin.apis import list_apis
from watchword.admin.clients import list_clients
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.admin.users import list_users
from watchword.authn.errors import WeakPasswordError
from watchword.oauth.bearer import digest
from watchword.store.repositories import audit

pytestmark = pytest.mark.anyio

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "seed.md"


def example() -> str:
    """The file that the documentation shows."""
    return DOCUMENTATION.read_text().partition("```toml\n")[2].partition("```")[0]


def read(tmp_path: Path, text: str, *, local: bool = True) -> seed_file.Seed:
    path = tmp_path / "seed.toml"
    path.write_text(text, encoding="utf-8")
    return seed_file.read(path, local=local)


def problems_of(tmp_path: Path, text: str, *, local: bool = True) -> tuple[str, ...]:
    with pytest.raises(InvalidRequestError) as refused:
        read(tmp_path, text, local=local)
    return refused.value.problems


async def test_what_the_documentation_shows_can_be_applied_twice(desk: AdminDesk, tmp_path: Path) -> None:
    wanted = read(tmp_path, example())
    made = await seed.apply(desk, wanted)
    assert [one.kind for one in made] == ["api", "client", "client", "client", "user"]
    apis, clients, users = await list_apis(desk), await list_clients(desk), await list_users(desk)
    entries = await desk.store.read(lambda connection: audit.latest(connection, limit=99))
    assert await seed.apply(desk, wanted) == []
    assert (await list_apis(desk), await list_clients(desk), await list_users(desk)) == (apis, clients, users)
    assert await desk.store.read(lambda connection: audit.latest(connection, limit=99)) == entries

    web = next(client for client in clients if client.id == "invoices-web")
    assert web.secret_hash == digest("only-for-this-machine")
    assert {scope.name for scope in apis[0].scopes} == {"invoices:read", "invoices:write"}
    ((user, roles),) = users
    assert roles == ("admin",)
    assert user.password_hash is not None
    assert await desk.passwords.verify(user.password_hash, "grey heron on the weir")


def test_the_documentation_names_every_member() -> None:
    text = DOCUMENTATION.read_text().partition("## Every member")[2]
    for members in (seed_file._API, seed_file._CLIENT, seed_file._USER):
        for name in members:
            assert f"`{name}`" in text, name
    assert set(tomllib.loads(example())) == {"api", "client", "user"}


async def test_a_changed_file_brings_the_rest_up_to_date(desk: AdminDesk, tmp_path: Path) -> None:
    await seed.apply(desk, read(tmp_path, example()))
    changed = (
        example()
        .replace("localhost:3000", "localhost:3001")
        .replace('["admin"]', '["auditor"]')
        .replace("grey heron on the weir", "another heron altogether")
        .replace('scopes = ["invoices:read", {', 'scopes = ["invoices:delete", {')
    )
    # The scope that the file no longer names stays: a token may still carry it.
    assert await seed.apply(desk, read(tmp_path, changed)) == []
    web = next(client for client in await list_clients(desk) if client.id == "invoices-web")
    assert web.redirect_uris == ("http://localhost:3001/callback",)
    (api,) = await list_apis(desk)
    assert api.scope_names == {"invoices:read", "invoices:write", "invoices:delete"}
    ((user, roles),) = await list_users(desk)
    assert roles == ("admin", "auditor")
    assert user.password_hash is not None
    assert await desk.passwords.verify(user.password_hash, "grey heron on the weir"), "a password is set once"


async def test_nothing_is_made_when_one_thing_cannot_be(desk: AdminDesk, tmp_path: Path) -> None:
    text = example().replace('"http://localhost:9000" = ["invoices:read"]', '"http://localhost:9999" = ["x"]')
    with pytest.raises(InvalidRequestError, match="there is no API"):
        await seed.apply(desk, read(tmp_path, text))
    with pytest.raises(WeakPasswordError):
        await seed.apply(desk, read(tmp_path, example().replace("grey heron on the weir", "password")))
    assert (await list_apis(desk), await list_clients(desk), await list_users(desk)) == ([], [], [])


async def test_a_generated_secret_is_shown_once(desk: AdminDesk, tmp_path: Path) -> None:
    wanted = read(tmp_path, '[[client]]\nname = "App"\nredirect_uris = ["https://app.example.com/cb"]\n', local=False)
    (made,) = await seed.apply(desk, wanted)
    assert made.secret is not None
    (client,) = await list_clients(desk)
    assert client.secret_hash == digest(made.secret)
    assert await seed.apply(desk, wanted) == []
    assert await list_clients(desk) == [client]


def test_passwords_secrets_and_ids_are_for_this_machine_only(tmp_path: Path) -> None:
    told = problems_of(tmp_path, example(), local=False)
    assert sum("allowed only for an issuer on this machine" in problem for problem in told) == 5


def test_every_problem_is_told_with_its_place(tmp_path: Path) -> None:
    told = problems_of(
        tmp_path,
        """
        [[api]]
        url = "nowhere"
        [[api]]
        scope = "x"
        [[client]]
        name = "App"
        redirect_uris = "https://app.example.com/cb"
        [[client]]
        name = "Job"
        public = "yes"
        [[client]]
        id = "../x"
        secret = "short"
        redirect_uris = ["http://app.example.com/cb"]
        [[user]]
        email = "amy"
        [[user]]
        roles = [1]
        [[thing]]
        """,
    )
    for expected in (
        "api 1: an API is named by",
        "api 2: scope is not one of",
        "client 1: redirect_uris must be a list",
        "client 2: public must be true or false",
        "client 3: id must be",
        "client 3: secret must be",
        "client 3: 'http://app.example.com/cb'",
        "user 1: 'amy' is not an e-mail address",
        "user 2: roles must be a list of texts",
        "thing is not api, client or user",
    ):
        assert any(problem.startswith(expected) for problem in told), (expected, told)


@pytest.mark.parametrize("text", ["[[api]", "api = 1", 'user = ["amy"]', "[client]\nname = 'x'"])
def test_what_is_no_seed_is_refused(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text)


def test_the_same_thing_twice_is_refused(tmp_path: Path) -> None:
    twice = '[[api]]\nurl = "http://localhost:9000"\n' * 2
    assert problems_of(tmp_path, twice) == ("api http://localhost:9000 is there twice",)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        seed_file.read(tmp_path / "nowhere.toml", local=True)
