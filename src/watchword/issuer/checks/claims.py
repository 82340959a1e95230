"""Single claims asked for by name: https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter"""

import json
from typing import Any

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError

MAX_LENGTH = 4096
MAX_CLAIMS = 64


async def check_claims(draft: Draft) -> None:
    """Take the members ``id_token`` and ``userinfo``; others are ignored, as the specification demands."""
    text = draft.parameters.get("claims")
    if text is None:
        return
    if len(text) > MAX_LENGTH:
        raise InvalidRequestError("the parameter claims is too long")
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("the parameter claims is not JSON") from error
    if not isinstance(asked, dict):
        raise InvalidRequestError("the parameter claims is not a JSON object")
    draft.claims = {place: _members(asked[place]) for place in ("id_token", "userinfo") if place in asked}


def _members(asked: Any) -> dict[str, Any]:
    if asked is None:
        return {}
    if not isinstance(asked, dict) or len(asked) > MAX_CLAIMS:
        raise InvalidRequestError("a member of the parameter claims is not a JSON object")
    if not all(wish is None or isinstance(wish, dict) for wish in asked.values()):
        raise InvalidRequestError("a claim is asked for by something that is neither null nor a JSON object")
    return asked
