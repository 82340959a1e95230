"""The client may use codes at all."""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import UnauthorizedClientError


async def check_grant_type(draft: Draft) -> None:
    """https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"""
    if "authorization_code" not in draft.client.grant_types:
        raise UnauthorizedClientError("the client may not use the authorization code grant")
