"""How long ago the user may have signed in: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError

_MAX_DIGITS = 10


async def check_max_age(draft: Draft) -> None:
    """Take ``max_age``, whole seconds."""
    text = draft.parameters.get("max_age")
    if text is None:
        return
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise InvalidRequestError("the parameter max_age is not a number of seconds")
    draft.max_age = int(text)
