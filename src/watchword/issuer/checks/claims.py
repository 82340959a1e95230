"""Single claims asked for by name: https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter"""

import json
from typing import Any

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError

MAX_LENGTH = 4096
MAX_CLAIMS = 64


async def check_claims(draft: Draft) -> None:
    """Take the names in ``id_token`` and ``userinfo``; others are ignored, as the specification demands."""
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
    members = {place: _members(asked[place]) for place in ("id_token", "userinfo") if place in asked}
    for wishes in members.values():
        _demand_subject(draft, wishes.get("sub"))
    # Names are all that is needed later. The wishes may hold what no database takes: NaN, or a thousand brackets.
    draft.claims = {place: dict.fromkeys(wishes) for place, wishes in members.items()}


def _demand_subject(draft: Draft, wish: Any) -> None:
    """A value for ``sub`` says who the user must be, as an ``id_token_hint`` does.

    https://openid.net/specs/openid-connect-core-1_0.html#AuthRequestValidation
    """
    subject = wish.get("value") if isinstance(wish, dict) else None
    if subject is None:
        return
    if not isinstance(subject, str):
        raise InvalidRequestError("the value of the claim sub is not a text")
    if draft.hinted_user_id not in {None, subject}:
        raise InvalidRequestError("the request names two different users")
    draft.hinted_user_id = subject


def _members(asked: Any) -> dict[str, Any]:
    if asked is None:
        return {}
    if not isinstance(asked, dict) or len(asked) > MAX_CLAIMS:
        raise InvalidRequestError("a member of the parameter claims is not a JSON object")
    if not all(wish is None or isinstance(wish, dict) for wish in asked.values()):
        raise InvalidRequestError("a claim is asked for by something that is neither null nor a JSON object")
    return asked
