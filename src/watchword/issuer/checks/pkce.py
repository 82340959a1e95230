"""Proof Key for Code Exchange, S256 only: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth import pkce
from watchword.oauth.errors import InvalidRequestError


async def check_pkce(draft: Draft) -> None:
    """Demand a challenge of every client, but for confidential ones of the profile ``oidc`` (O08, O09)."""
    challenge = draft.parameters.get("code_challenge")
    method = draft.parameters.get("code_challenge_method")
    if challenge is None:
        optional = draft.client.profile == "oidc" and not draft.client.is_public
        if method is not None or not optional:
            raise InvalidRequestError("the parameter code_challenge is missing")
        return
    # Left out, the method would mean `plain`: https://www.rfc-editor.org/rfc/rfc7636#section-4.3
    if method != pkce.METHOD:
        raise InvalidRequestError("the parameter code_challenge_method must be S256")
    if not pkce.is_challenge(challenge):
        raise InvalidRequestError("the parameter code_challenge is not an S256 challenge")
    draft.code_challenge = challenge
