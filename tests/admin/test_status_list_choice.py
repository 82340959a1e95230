"""Whether an API's tokens name a place in a status list: chosen by its id, by its name, and by a seed file."""

from functools import partial
from pathlib import Path

import pytest
from tests.admin.conftest import actions

from watchword.admin import seed, seed_file, status_list_choice
from watchword.admin.apis import add_api
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.store.repositories import apis

pytestmark = pytest.mark.anyio

ORDERS = "https://orders.example"


async def is_on(desk: AdminDesk) -> bool:
    api = await desk.store.read(partial(apis.find, identifier=ORDERS))
    assert api is not None
    return api.status_list


async def test_an_api_wants_one_or_does_not(desk: AdminDesk) -> None:
    api, _ = await add_api(desk, identifier=ORDERS)
    assert not await is_on(desk), "off unless somebody asks for it"
    await status_list_choice.choose_for_audience(desk, ORDERS, wanted=True)
    await status_list_choice.choose_for_api(desk, api.id, wanted=True)
    assert await is_on(desk)
    await status_list_choice.choose_for_api(desk, api.id, wanted=False)
    assert not await is_on(desk)
    done = sorted(one for one in await actions(desk) if "status_list" in one)
    assert done == ["api.status_list_begun", "api.status_list_ended"], "asking twice leaves no second row"
    with pytest.raises(UnknownError):
        await status_list_choice.choose_for_audience(desk, "https://nobody.example", wanted=True)
    with pytest.raises(UnknownError):
        await status_list_choice.choose_for_api(desk, "nobody", wanted=True)


async def test_a_seed_file_says_so(desk: AdminDesk, tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    for told, expected in (("", False), ("status_list = true", True), ("", True), ("status_list = false", False)):
        path.write_text(f'[[api]]\nurl = "{ORDERS}"\n{told}\n')
        await seed.apply(desk, seed_file.read(path, local=True))
        assert await is_on(desk) is expected, "what the file does not name stays"
    path.write_text(f'[[api]]\nurl = "{ORDERS}"\nstatus_list = "yes"\n')
    with pytest.raises(InvalidRequestError):
        seed_file.read(path, local=True)
