"""What is asked for: https://www.rfc-editor.org/rfc/rfc6749#section-3.3"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidScopeError
from watchword.oauth.scope import OFFLINE_ACCESS, STANDARD_SCOPES, parse_scope


async def check_scope(draft: Draft) -> None:
    """Take the scopes, each of which the client may ask a user for and the issuer or a named API understands."""
    scopes = parse_scope(draft.parameters.get("scope"))
    understood = set(STANDARD_SCOPES).union(*(api.scope_names for api in draft.apis))
    allowed = set(draft.client.scopes)
    if not set(scopes) <= understood & allowed:
        raise InvalidScopeError(
            "a requested scope is unknown, not allowed for this client, or of an API that resource does not name"
        )
    if "refresh_token" not in draft.client.grant_types:
        # Without refresh tokens there is nothing that could last:
        # https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess says to ignore it.
        scopes = tuple(scope for scope in scopes if scope != OFFLINE_ACCESS)
    draft.scopes = scopes
