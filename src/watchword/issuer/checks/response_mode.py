"""How the answer is to travel."""

from watchword.issuer.checks.draft import Draft
from watchword.issuer.response_modes import RESPONSE_MODES
from watchword.oauth.errors import InvalidRequestError


async def check_response_mode(draft: Draft) -> None:
    """https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes"""
    asked = draft.parameters.get("response_mode")
    if asked is None:
        return
    for mode in RESPONSE_MODES:
        if mode.name == asked:
            draft.response_mode = mode
            return
    raise InvalidRequestError("the response mode is not supported")
