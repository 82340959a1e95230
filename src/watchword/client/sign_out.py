"""End a login: withdraw its refresh token, and send the browser to the issuer to end the session there.

https://www.rfc-editor.org/rfc/rfc7009 and https://openid.net/specs/openid-connect-rpinitiated-1_0.html
"""

from urllib.parse import urlencode, urlsplit

from watchword.client.browser_login import RelyingParty
from watchword.client.errors import TokenRequestError
from watchword.client.token_endpoint import FormPost
from watchword.client.tokens import TokenSet
from watchword.client.transport import apost, post


def revocation_request(party: RelyingParty, tokens: TokenSet) -> FormPost | None:
    """The request that withdraws the refresh token, and with it the whole grant; None if there is nothing to
    withdraw or nowhere to say it.
    """
    if party.issuer.revocation_endpoint is None or tokens.refresh_token is None:
        return None
    fields = [("token", tokens.refresh_token), ("token_type_hint", "refresh_token")]
    return party.form(party.issuer.revocation_endpoint, fields)


def revoke(party: RelyingParty, tokens: TokenSet) -> None:
    """Withdraw the refresh token of ``tokens``.

    Raises:
        TokenRequestError: the issuer did not confirm it.
    """
    request = revocation_request(party, tokens)
    if request is not None:
        _check(*post(request))


async def arevoke(party: RelyingParty, tokens: TokenSet) -> None:
    """As `revoke`, without blocking the event loop."""
    request = revocation_request(party, tokens)
    if request is not None:
        _check(*await apost(request))


def sign_out_url(party: RelyingParty, tokens: TokenSet, *, post_logout_redirect_uri: str) -> str | None:
    """Where to send the browser so that the issuer ends its session too; None if the issuer has no such place.

    Args:
        party: who signs out.
        tokens: of the login; its ID token tells the issuer whose session is meant, so that it need not ask.
        post_logout_redirect_uri: where the browser comes back to; registered at the issuer.
    """
    endpoint = party.issuer.end_session_endpoint
    if endpoint is None:
        return None
    query = {"client_id": party.client_id, "post_logout_redirect_uri": post_logout_redirect_uri}
    if tokens.id_token is not None:
        query["id_token_hint"] = tokens.id_token
    return endpoint + ("&" if urlsplit(endpoint).query else "?") + urlencode(query)


def _check(status: int, body: object) -> None:
    if status != 200:
        error = body.get("error") if isinstance(body, dict) else None
        raise TokenRequestError(
            "the issuer did not confirm that the token is withdrawn", error=str(error), status=status
        )
