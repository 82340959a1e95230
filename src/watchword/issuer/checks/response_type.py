"""Only codes are given out; no token travels in a URL (O13)."""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import InvalidRequestError, UnsupportedResponseTypeError


async def check_response_type(draft: Draft) -> None:
    """https://www.rfc-editor.org/rfc/rfc6749#section-3.1.1"""
    response_type = draft.parameters.get("response_type")
    if response_type is None:
        raise InvalidRequestError("the parameter response_type is missing")
    if response_type != "code":
        raise UnsupportedResponseTypeError
