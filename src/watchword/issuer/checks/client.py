"""The client exists and may be used: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError
from watchword.store.repositories import clients


async def check_client(draft: Draft) -> None:
    """Find the client; without one there is nobody to send an error to."""
    client_id = draft.parameters.require("client_id")
    client = await draft.issuer.store.read(lambda connection: clients.find(connection, client_id))
    if client is None or client.status != "active":
        raise InvalidRequestError("the application that sent you here is not known to this server")
    draft.client = client
