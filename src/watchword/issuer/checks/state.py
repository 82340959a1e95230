"""``state`` goes back as it came: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError

MAX_LENGTH = 4096


async def check_state(draft: Draft) -> None:
    """Keep ``state`` for the answer. One that is too long cannot be sent back, and an answer without it is worthless
    to an honest client: no redirect then.
    """
    state = draft.parameters.get("state")
    if state is not None and len(state) > MAX_LENGTH:
        raise InvalidRequestError("the parameter state is too long")
    draft.state = state
