"""For which APIs the tokens are to be: https://www.rfc-editor.org/rfc/rfc8707#section-2.1"""

from sqlalchemy import Connection

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidTargetError
from watchword.oauth.resource import check_resource
from watchword.store.repositories import apis
from watchword.store.repositories.apis import Api

MAX_RESOURCES = 8


async def check_resource_indicators(draft: Draft) -> None:
    """Take the resources asked for; without any, the client's default API; without that, the issuer itself."""
    asked = tuple(dict.fromkeys(check_resource(text) for text in draft.parameters.all("resource")))
    if len(asked) > MAX_RESOURCES:
        raise InvalidTargetError("too many resources are asked for at once")
    default = draft.client.default_api
    resources = asked or ((default,) if default is not None else ())
    named = [resource for resource in resources if resource != draft.issuer.settings.issuer]

    def look(connection: Connection) -> list[Api | None]:
        return [apis.find(connection, identifier) for identifier in named]

    found = await draft.issuer.store.read(look) if named else []
    known = tuple(api for api in found if api is not None and api.status == "active")
    if len(known) != len(named):
        raise InvalidTargetError
    draft.resources = resources
    draft.apis = known
