"""``nonce`` goes into the ID token as it came: https://openid.net/specs/openid-connect-core-1_0.html#NonceNotes"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError

MAX_LENGTH = 1024


async def check_nonce(draft: Draft) -> None:
    """Keep ``nonce``; it is optional with codes, and bounded because tokens are."""
    nonce = draft.parameters.get("nonce")
    if nonce is not None and len(nonce) > MAX_LENGTH:
        raise InvalidRequestError("the parameter nonce is too long")
    draft.nonce = nonce
