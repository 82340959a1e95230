"""The order in which an authorization request is judged, on one screen.

Client, then redirect URI, then the rest: an error before the redirect URI is known to be the client's own is shown to
the user, any later one is sent to the client (O02, O03).
"""

from collections.abc import Awaitable, Callable

from watchword.issuer.checks.claims import check_claims
from watchword.issuer.checks.client import check_client
from watchword.issuer.checks.draft import Draft
from watchword.issuer.checks.grant_type import check_grant_type
from watchword.issuer.checks.id_token_hint import check_id_token_hint
from watchword.issuer.checks.login_hint import check_login_hint
from watchword.issuer.checks.max_age import check_max_age
from watchword.issuer.checks.nonce import check_nonce
from watchword.issuer.checks.pkce import check_pkce
from watchword.issuer.checks.prompt import check_prompt
from watchword.issuer.checks.redirect_uri import check_redirect_uri
from watchword.issuer.checks.request_object import check_request_object
from watchword.issuer.checks.resource import check_resource_indicators
from watchword.issuer.checks.response_mode import check_response_mode
from watchword.issuer.checks.response_type import check_response_type
from watchword.issuer.checks.scope import check_scope
from watchword.issuer.checks.state import check_state
from watchword.oauth.errors import OAuthError

Check = Callable[[Draft], Awaitable[None]]

# Errors of these are shown on a page.
BEFORE_REDIRECT: tuple[Check, ...] = (
    check_client,
    check_redirect_uri,
    check_state,
)

# Errors of these are sent to the client.
AFTER_REDIRECT: tuple[Check, ...] = (
    check_response_mode,
    check_request_object,
    check_response_type,
    check_grant_type,
    check_pkce,
    check_resource_indicators,
    check_scope,
    check_nonce,
    check_prompt,
    check_max_age,
    check_id_token_hint,
    check_login_hint,
    check_claims,
)


class RefusedBeforeRedirectError(Exception):
    """There is no address an error could be sent to; ``error`` is for the user's eyes."""

    def __init__(self, error: OAuthError) -> None:
        super().__init__(error.sentence)
        self.error = error


async def judge(draft: Draft) -> None:
    """Run every rule over ``draft``.

    Raises:
        RefusedBeforeRedirectError: show the error to the user.
        OAuthError: send it to ``draft.redirect_uri``.
    """
    try:
        for check in BEFORE_REDIRECT:
            await check(draft)
    except OAuthError as error:
        raise RefusedBeforeRedirectError(error) from error
    for check in AFTER_REDIRECT:
        await check(draft)
