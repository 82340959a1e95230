"""Whether and what the user may or must be asked: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError

NONE = "none"
LOGIN = "login"
CONSENT = "consent"
SELECT_ACCOUNT = "select_account"

PROMPTS = frozenset({NONE, LOGIN, CONSENT, SELECT_ACCOUNT})
MAX_LENGTH = 128


async def check_prompt(draft: Draft) -> None:
    """Take the values of ``prompt``; ``none`` stands alone, and one we do not know is refused."""
    text = draft.parameters.get("prompt") or ""
    prompt = frozenset(text.split())
    if len(text) > MAX_LENGTH or not prompt <= PROMPTS:
        raise InvalidRequestError("the parameter prompt has an unknown value")
    if NONE in prompt and len(prompt) > 1:
        raise InvalidRequestError("prompt=none cannot be combined with another value")
    draft.prompt = prompt
