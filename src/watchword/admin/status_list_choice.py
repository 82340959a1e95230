"""Whether an API's access tokens name a place in a Token Status List, for verifiers that are not ours."""

from dataclasses import replace

from sqlalchemy import Connection

from watchword.admin import api_changes
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import UnknownError
from watchword.store.repositories import apis
from watchword.store.repositories.apis import Api
from watchword.store.repositories.audit import record


async def choose_for_api(desk: AdminDesk, api_id: str, *, wanted: bool) -> None:
    """Have an API's access tokens name a place in a status list from now on, or no longer.

    Tokens that name one are told of there until they end, whatever is chosen.

    Raises:
        UnknownError: there is no such API.
    """
    await desk.store.write(
        lambda connection: change_api(connection, desk, api_changes.find(connection, api_id), wanted=wanted)
    )


async def choose_for_audience(desk: AdminDesk, identifier: str, *, wanted: bool) -> None:
    """The same for the API that tokens call ``identifier``.

    Raises:
        UnknownError: as `choose_for_api`.
    """

    def job(connection: Connection) -> None:
        api = apis.find(connection, identifier)
        if api is None:
            raise UnknownError(f"there is no API {identifier}")
        change_api(connection, desk, api, wanted=wanted)

    await desk.store.write(job)


def change_api(connection: Connection, desk: AdminDesk, api: Api, *, wanted: bool) -> None:
    """`choose_for_api` in the caller's transaction."""
    if wanted != api.status_list:
        apis.update(connection, replace(api, status_list=wanted))
        begun, ended = (
            desk.entry("api.status_list_begun", "api", api.id),
            desk.entry("api.status_list_ended", "api", api.id),
        )
        record(connection, begun if wanted else ended)
