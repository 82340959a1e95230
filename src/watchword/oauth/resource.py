"""Resource indicators: https://www.rfc-editor.org/rfc/rfc8707#section-2"""

import re
from urllib.parse import urlsplit

from watchword.oauth.errors import InvalidTargetError

MAX_LENGTH = 512

_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+\Z")


def check_resource(text: str) -> str:
    """``text`` itself, when it can name an API: an absolute URI without a fragment.

    Raises:
        InvalidTargetError: it is relative, has a fragment, or holds characters no URI may hold.
    """
    if len(text) > MAX_LENGTH or not _ALLOWED.match(text):
        raise InvalidTargetError
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise InvalidTargetError from error
    if not parts.scheme or not (parts.netloc or parts.path):
        raise InvalidTargetError("the requested resource is not an absolute URI")
    return text
