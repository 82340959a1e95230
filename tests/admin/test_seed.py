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
from watchword.store.repositories.roles import roles_of

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


ALICE = """
    [[user]]
    email = "alice@example.com"
    username = "alice"
    password = "alice-password"

    [user.claims]
    name = "Alice Adams"
    given_name = "Alice"
    birthdate = "1990-01-01"
    updated_at = 1790000000
    phone_number = "+44 20 7946 0000"
    phone_number_verified = true
    address = { formatted = "1 Weir Lane", country = "GB" }
"""
JOB = """
    [[api]]
    url = "http://localhost:9000"
    scopes = ["invoices:read"]

    [[client]]
    id = "team-job"
    secret = "only-for-this-machine"
    api_scopes = { "http://localhost:9000" = ["invoices:read"] }
    roles = ["auditor"]
"""


async def test_a_user_has_every_claim_that_the_file_gives(desk: AdminDesk, tmp_path: Path) -> None:
    await seed.apply(desk, read(tmp_path, ALICE))
    ((alice, _),) = await list_users(desk)
    assert alice.username == "alice"
    assert alice.claims["address"] == {"formatted": "1 Weir Lane", "country": "GB"}
    assert alice.claims["phone_number_verified"] is True
    changed = read(tmp_path, ALICE.replace('given_name = "Alice"', 'nickname = "Al"'))
    for _ in range(2):
        assert await seed.apply(desk, changed) == []
    ((again, _),) = await list_users(desk)
    assert again.claims == {**alice.claims, "nickname": "Al"}
    actions = [entry.action for entry in await desk.store.read(lambda connection: audit.latest(connection, limit=9))]
    assert actions.count("user.claims_changed") == 1


async def test_a_client_that_acts_for_itself_has_roles(desk: AdminDesk, tmp_path: Path) -> None:
    for text in (JOB, JOB, JOB.replace('["auditor"]', '["auditor", "clerk"]')):
        await seed.apply(desk, read(tmp_path, text))
    assert await desk.store.read(lambda connection: roles_of(connection, "team-job")) == ("auditor", "clerk")


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ('sub = "x"', "sub is not a claim"),
        ('email = "x"', "email is not a claim"),
        ("given_name = 1", "the claim given_name must be a text"),
        ("updated_at = true", "the claim updated_at must be a number"),
        ('phone_number_verified = "yes"', "the claim phone_number_verified must be true or false"),
        ('address = "here"', "the claim address must be a table"),
        ("address = { planet = 1 }", "the claim address is made of texts"),
    ],
)
def test_a_claim_that_cannot_be_is_refused(tmp_path: Path, claims: str, problem: str) -> None:
    (told,) = problems_of(tmp_path, f'[[user]]\nemail = "amy@example.com"\n[user.claims]\n{claims}\n')
    assert told.startswith(f"user 1: {problem}")


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
