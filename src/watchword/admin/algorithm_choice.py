"""Which algorithm signs what: an API's access tokens, a client's ID tokens. Only one that signs now can be chosen."""

from dataclasses import replace

from sqlalchemy import Connection

from watchword.admin import api_changes
from watchword.admin.client_review import find as find_client
from watchword.admin.clients import ID_TOKEN_ALGORITHMS, id_token_problems, leave_the_console_in
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.issuer.keys.algorithms import require_signing
from watchword.store.repositories import apis, clients
from watchword.store.repositories.apis import Api
from watchword.store.repositories.audit import record


async def choose_for_api(desk: AdminDesk, api_id: str, algorithm: str | None) -> None:
    """Sign the access tokens for an API with ``algorithm`` from now on; None: with the default.

    Raises:
        UnknownError: there is no such API.
        KeyStepError: nothing is signed with that algorithm, or not yet.
    """

    def job(connection: Connection) -> None:
        change_api(connection, desk, api_changes.find(connection, api_id), algorithm)

    await desk.store.write(job)


async def choose_for_audience(desk: AdminDesk, identifier: str, algorithm: str | None) -> None:
    """The same for the API that tokens call ``identifier``.

    Raises:
        UnknownError, KeyStepError: as `choose_for_api`.
    """

    def job(connection: Connection) -> None:
        api = apis.find(connection, identifier)
        if api is None:
            raise UnknownError(f"there is no API {identifier}")
        change_api(connection, desk, api, algorithm)

    await desk.store.write(job)


async def choose_for_client(desk: AdminDesk, client_id: str, algorithm: str) -> None:
    """Sign a client's ID tokens with ``algorithm`` from now on (``id_token_signed_response_alg``).

    Raises:
        UnknownError: there is no such client.
        InvalidRequestError: ID tokens cannot be signed with it here, or it is the console's own client.
    """

    def job(connection: Connection) -> None:
        client = find_client(connection, client_id)
        leave_the_console_in(desk, client)
        problems = id_token_problems(connection, algorithm)
        if problems:
            raise InvalidRequestError(*problems)
        if client.id_token_alg != algorithm:
            clients.update(connection, replace(client, id_token_alg=algorithm))
            record(connection, desk.entry("client.id_token_alg_changed", "client", client.id, algorithm=algorithm))

    await desk.store.write(job)


def change_api(connection: Connection, desk: AdminDesk, api: Api, algorithm: str | None) -> None:
    """`choose_for_api` in the caller's transaction.

    Raises:
        KeyStepError: nothing is signed with that algorithm, or not yet.
    """
    if algorithm == api.signing_alg:
        return
    if algorithm is not None:
        require_signing(connection, algorithm)
    apis.update(connection, replace(api, signing_alg=algorithm))
    record(connection, desk.entry("api.signing_alg_changed", "api", api.id, algorithm=algorithm or "default"))


__all__ = ["ID_TOKEN_ALGORITHMS", "choose_for_api", "choose_for_audience", "choose_for_client"]
