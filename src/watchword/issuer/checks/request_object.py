"""Request objects are not supported, and saying so is what the specification asks.

https://openid.net/specs/openid-connect-core-1_0.html#AuthError
"""

from watchword.issuer.checks.draft import Draft
from watchword.oauth.errors import (
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestURINotSupportedError,
)


async def check_request_object(draft: Draft) -> None:
    """Refuse the three parameters that would change what the others mean; nothing is ever fetched."""
    if "request" in draft.parameters:
        raise RequestNotSupportedError
    if "request_uri" in draft.parameters:
        raise RequestURINotSupportedError
    if "registration" in draft.parameters:
        raise RegistrationNotSupportedError
