"""What is exported, what is left out and why; and that what a plan shows is what is applied, whole or not at all."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from watchword.admin import plan, seed, seed_file
from watchword.admin.api_changes import change_api
from watchword.admin.apis import add_api, list_apis
from watchword.admin.client_changes import disable_client
from watchword.admin.clients import ClientRequest, add_client, list_clients
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.admin.export import Exported, export
from watchword.admin.plan import PlanOutdatedError
from watchword.cli.seed_text import seed_text
from watchword.store.repositories import audit
from watchword.store.repositories.apis import Scope

pytestmark = pytest.mark.anyio

ORDERS, SHOP = "https://orders.example.com", "https://shop.example.com"
ODD = 'Shop "quoted" \\ €\u202e\n[[client]]\nname = "evil"\x7f'


async def clicked(desk: AdminDesk) -> None:
    """What somebody has at home: some of it is good for others, some of it is not."""
    await add_api(desk, identifier=ORDERS, name="Orders", scopes=[Scope("orders:read", 'See "them"')])
    await add_api(desk, identifier="http://localhost:9000", name="Home", scopes=[Scope("home:read", "")])
    (home, orders) = await list_apis(desk)
    assert home.identifier != ORDERS
    await change_api(desk, orders.id, name="Orders", token_lifetime=120)
    await add_client(
        desk,
        ClientRequest(
            name="shop",
            redirect_uris=[f"{SHOP}/callback", "http://localhost:3000/callback"],
            post_logout_redirect_uris=["http://localhost:3000/"],
            allowed_origins=["http://localhost:3000"],
            scopes=["openid", "orders:read", "home:read"],
            default_api=ORDERS,
        ),
    )
    jobs = ClientRequest(name="jobs", api_scopes={ORDERS: ["orders:read"], "http://localhost:9000": ["home:read"]})
    await add_client(desk, jobs)
    await add_client(desk, ClientRequest(name="home", redirect_uris=["http://localhost:3001/callback"]))
    native = ["http://127.0.0.1/callback", "http://localhost/callback"]
    await add_client(desk, ClientRequest(name="native", public=True, redirect_uris=native))
    for name in ("twin", "twin", "gone"):
        await add_client(desk, ClientRequest(name=name, redirect_uris=[f"https://{name}.example.com/callback"]))
    await disable_client(desk, next(one.id for one in await list_clients(desk) if one.name == "gone"))


def wanted(tmp_path: Path, exported: Exported) -> seed_file.Seed:
    path = tmp_path / "exported.toml"
    path.write_text(seed_text(exported), encoding="utf-8")
    return seed_file.read(path, local=False)


async def rows(desk: AdminDesk) -> list[str]:
    entries = await desk.store.read(lambda connection: audit.latest(connection, limit=99))
    return [entry.action for entry in entries]


async def test_what_is_this_machines_stays_here_and_is_told(desk: AdminDesk) -> None:
    await clicked(desk)
    exported = await export(desk)
    assert [(api["url"], api["token_lifetime"]) for api in exported.apis] == [(ORDERS, 120)]
    clients: dict[str, dict[str, Any]] = {one["name"]: one for one in exported.clients}
    assert set(clients) == {"shop", "jobs", "native"}
    assert clients["shop"]["redirect_uris"] == [f"{SHOP}/callback"]
    assert clients["shop"]["post_logout_redirect_uris"] == clients["shop"]["allowed_origins"] == []
    assert clients["shop"]["scopes"] == ["openid", "orders:read"]
    assert clients["jobs"]["api_scopes"] == {ORDERS: ["orders:read"]}
    assert clients["native"]["redirect_uris"] == ["http://127.0.0.1/callback"]
    told = {(one.kind, one.name) for one in exported.left_out}
    assert told == {
        ("api", "http://localhost:9000"),
        *(("client", name) for name in ("shop", "home", "native", "twin", "gone")),
    }
    reasons = " | ".join(one.reason for one in exported.left_out)
    for reason in ("it is disabled", "same name", "loopback", "nothing is left", "its scope home:read"):
        assert reason in reasons


async def test_no_secret_is_in_it(desk: AdminDesk) -> None:
    _, secret = await add_client(desk, ClientRequest(name="shop", redirect_uris=[f"{SHOP}/callback"]))
    (client,) = await list_clients(desk)
    text = seed_text(await export(desk))
    assert secret is not None
    for hidden in (secret, client.secret_hash, client.id):
        assert str(hidden) not in text
    assert set(tomllib.loads(text)) == {"client"}


async def test_addresses_are_put_elsewhere_where_somebody_says_so(desk: AdminDesk) -> None:
    await clicked(desk)
    replacements = [("http://localhost:300", "https://wrong.example.com"), ("http://localhost:3000", SHOP)]
    exported = await export(desk, replacements=[*replacements, ("http://localhost:9000", "https://home.example.com")])
    assert [api["url"] for api in exported.apis] == ["https://home.example.com", ORDERS]
    shop = next(one for one in exported.clients if one["name"] == "shop")
    assert shop["redirect_uris"] == [f"{SHOP}/callback"]
    assert shop["allowed_origins"] == [SHOP]
    jobs = next(one for one in exported.clients if one["name"] == "jobs")
    assert jobs["api_scopes"].keys() == {ORDERS, "https://home.example.com"}


async def test_an_odd_name_comes_out_as_it_went_in(desk: AdminDesk, tmp_path: Path) -> None:
    await add_client(desk, ClientRequest(name=ODD, redirect_uris=[f"{SHOP}/callback"]))
    (client,) = wanted(tmp_path, await export(desk)).clients
    assert client.request.name == ODD.strip()


async def test_applied_where_it_came_from_it_changes_nothing(desk: AdminDesk, tmp_path: Path) -> None:
    await add_api(desk, identifier=ORDERS, scopes=[Scope("orders:read", "See them")])
    await add_client(desk, ClientRequest(name="jobs", api_scopes={ORDERS: ["orders:read"]}, default_api=ORDERS))
    await add_client(desk, ClientRequest(name="app", public=True, redirect_uris=["com.example.app:/callback"]))
    seeded = wanted(tmp_path, await export(desk))
    before = await rows(desk)
    assert await plan.plan(desk, seeded) == ()
    assert await plan.carry_out(desk, seeded, ()) == []
    assert await rows(desk) == before


async def test_a_plan_changes_nothing_and_is_carried_out_as_shown(desk: AdminDesk, tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(
        f'[[api]]\nurl = "{ORDERS}"\nscopes = ["orders:read"]\ntoken_lifetime = 60\n'
        f'[[client]]\nname = "jobs"\napi_scopes = {{ "{ORDERS}" = ["orders:read"] }}\nroles = ["auditor"]\n'
    )
    seeded = seed_file.read(path, local=False)
    before = await rows(desk)
    shown = await plan.plan(desk, seeded)
    assert [(one.kind, one.name, one.what) for one in shown] == [("api", ORDERS, "added"), ("client", "jobs", "added")]
    assert (await list_apis(desk), await list_clients(desk), await rows(desk)) == ([], [], before)

    made = await plan.carry_out(desk, seeded, shown)
    (client,) = [one for one in made if one.kind == "client"]
    assert client.secret is not None
    assert client.secret not in repr(client)
    assert set(await rows(desk)) - set(before) == {"api.created", "client.created", "client.roles_added"}
    assert await plan.plan(desk, seeded) == ()

    path.write_text(path.read_text().replace("= 60", "= 90").replace('["auditor"]', '["auditor", "clerk"]'))
    changed = await plan.plan(desk, seed_file.read(path, local=False))
    assert [(one.what, one.members) for one in changed] == [
        ("changed", (("token_lifetime", 60, 90),)),
        ("changed", (("roles", ["auditor"], ["auditor", "clerk"]),)),
    ]


async def test_what_was_changed_meanwhile_is_not_overwritten(desk: AdminDesk, tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(f'[[api]]\nurl = "{ORDERS}"\nname = "Orders"\n')
    seeded = seed_file.read(path, local=False)
    shown = await plan.plan(desk, seeded)
    await add_api(desk, identifier=ORDERS, name="Something else")
    before = await rows(desk)
    with pytest.raises(PlanOutdatedError):
        await plan.carry_out(desk, seeded, shown)
    assert [api.name for api in await list_apis(desk)] == ["Something else"]
    assert await rows(desk) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f'[[client]]\nname = "jobs"\napi_scopes = {{ "{ORDERS}" = ["x"] }}\n', "there is no API"),
        (f'[[api]]\nurl = "{ORDERS}"\nsigning_alg = "EdDSA"\n', "EdDSA"),
    ],
)
async def test_what_cannot_be_applied_is_not_applied_in_part(
    desk: AdminDesk, tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(f'[[api]]\nurl = "https://first.example.com"\n{text}')
    with pytest.raises(InvalidRequestError, match=reason):
        await plan.plan(desk, seed_file.read(path, local=False))
    assert await list_apis(desk) == []


@pytest.mark.parametrize("lifetime", ["0", "true", "86400", '"5m"'])
def test_a_lifetime_that_no_token_may_have_is_refused(tmp_path: Path, lifetime: str) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(f'[[api]]\nurl = "{ORDERS}"\ntoken_lifetime = {lifetime}\n')
    with pytest.raises(InvalidRequestError, match="token_lifetime"):
        seed_file.read(path, local=False)


async def test_the_consoles_own_client_is_neither_exported_nor_applied_to(desk: AdminDesk, tmp_path: Path) -> None:
    request = ClientRequest(name="Watchword console", redirect_uris=["https://auth.example.com/console/callback"])
    client, _ = await add_client(desk, request)
    from dataclasses import replace

    with_console = replace(desk, console_client_id=client.id)
    assert (await export(with_console)).clients == ()
    path = tmp_path / "seed.toml"
    path.write_text(f'[[client]]\nname = "Watchword console"\nredirect_uris = ["{SHOP}/callback"]\n')
    with pytest.raises(InvalidRequestError, match="console itself"):
        await plan.plan(with_console, seed_file.read(path, local=False))


async def test_a_deleted_client_is_not_found_again_by_its_name(desk: AdminDesk, tmp_path: Path) -> None:
    from dataclasses import replace

    from watchword.store.repositories import clients

    client, _ = await add_client(desk, ClientRequest(name="shop", redirect_uris=[f"{SHOP}/callback"]))
    await desk.store.write(lambda connection: clients.update(connection, replace(client, status="deleted")))
    path = tmp_path / "seed.toml"
    path.write_text(f'[[client]]\nname = "shop"\nredirect_uris = ["{SHOP}/callback"]\n')
    (made,) = await seed.apply(desk, seed_file.read(path, local=False))
    assert made.client_id != client.id
