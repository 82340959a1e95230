"""The answer goes only where the client has registered: https://www.rfc-editor.org/rfc/rfc9700#section-2.1

Until this rule has passed, no error is sent anywhere (O02, O03).
"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError
from watchword.oauth.redirect_uri import matches
from watchword.oauth.scope import OPENID


async def check_redirect_uri(draft: Draft) -> None:
    """Take the redirect URI that was asked for when it is registered, or the only registered one when none was."""
    requested = draft.parameters.get("redirect_uri")
    draft.redirect_uri_sent = requested is not None
    draft.redirect_uri = _only_registered(draft) if requested is None else _registered(draft, requested)


def _registered(draft: Draft, requested: str) -> str:
    client = draft.client
    if not any(matches(uri, requested, public_client=client.is_public) for uri in client.redirect_uris):
        raise InvalidRequestError(
            "the application that sent you here asked for an answer at an address it has not registered"
        )
    return requested


def _only_registered(draft: Draft) -> str:
    # OpenID Connect Core section 3.1.2.1 demands the parameter; OAuth lets it be left out where there is no choice.
    wants_openid = OPENID in (draft.parameters.get("scope") or "").split(" ")
    if wants_openid or len(draft.client.redirect_uris) != 1:
        raise InvalidRequestError("the application that sent you here did not say where the answer should go")
    return draft.client.redirect_uris[0]
