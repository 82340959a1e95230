"""The ``WWW-Authenticate`` header of a protected resource.

https://www.rfc-editor.org/rfc/rfc6750#section-3 https://www.rfc-editor.org/rfc/rfc9728#section-5.1
"""

import re
from collections.abc import Sequence

from watchword.oauth.scope import format_scope

# What RFC 6750 section 3 lets stand between the quotes: no control character, no quote, no backslash.
_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*\Z")
_NOT_PLAIN = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


def www_authenticate(
    *,
    realm: str,
    error: str | None = None,
    description: str | None = None,
    scopes: Sequence[str] = (),
    resource_metadata: str | None = None,
) -> str:
    """A ``Bearer`` challenge.

    Args:
        realm: what is protected; the scheme must be followed by at least one parameter, and this one is always there.
        error: ``invalid_request``, ``invalid_token`` or ``insufficient_scope``; None when the request presented no
            credentials at all, which section 3.1 says should then not be told anything more.
        description: a sentence for developers; characters that may not stand in it are shown as ``?``.
        scopes: those the request needs.
        resource_metadata: the URL of the API's RFC 9728 document.

    Raises:
        ValueError: a value holds a character that the header does not allow.
    """
    parameters = (
        ("realm", realm),
        ("error", error),
        ("error_description", None if description is None else _NOT_PLAIN.sub("?", description)),
        ("scope", format_scope(scopes) or None),
        ("resource_metadata", resource_metadata),
    )
    stated = [(name, value) for name, value in parameters if value is not None]
    if not all(_PLAIN.match(value) for _, value in stated):
        raise ValueError("a challenge holds printable ASCII without quotes and backslashes")
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in stated)
