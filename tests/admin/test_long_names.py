"""Names that no column holds are refused in words: SQLite would keep them, PostgreSQL end the request."""

import pytest

from watchword.admin.api_changes import change_api
from watchword.admin.apis import add_api
from watchword.admin.client_changes import ClientChange, change_client
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.admin.user_changes import add_role
from watchword.admin.users import UserRequest, add_user

pytestmark = pytest.mark.anyio

FITS, LONG = "x" * 255, "x" * 256
CALLBACK = "https://app.example.com/callback"


async def test_of_apis(desk: AdminDesk) -> None:
    with pytest.raises(InvalidRequestError, match="255 characters"):
        await add_api(desk, identifier="https://orders.example.com", name=LONG)
    api, _ = await add_api(desk, identifier=f"https://{LONG}.example.com")
    with pytest.raises(InvalidRequestError, match="255 characters"):
        await change_api(desk, api.id, name=LONG, token_lifetime=60)
    await change_api(desk, api.id, name=FITS, token_lifetime=60)


async def test_of_clients(desk: AdminDesk) -> None:
    with pytest.raises(InvalidRequestError, match="255 characters"):
        await add_client(desk, ClientRequest(name=LONG, redirect_uris=[CALLBACK]))
    client, _ = await add_client(desk, ClientRequest(name=FITS, redirect_uris=[CALLBACK]))
    with pytest.raises(InvalidRequestError, match="255 characters"):
        await change_client(desk, client.id, ClientChange(name=LONG, redirect_uris=[CALLBACK], scopes=["openid"]))


async def test_of_roles(desk: AdminDesk) -> None:
    with pytest.raises(InvalidRequestError, match="255 characters"):
        await add_user(desk, UserRequest(email="amy@example.com", roles=[LONG]))
    user = await add_user(desk, UserRequest(email="amy@example.com", roles=[FITS]))
    with pytest.raises(InvalidRequestError, match="255 characters"):
        await add_role(desk, user.id, LONG)
