"""The ``WWW-Authenticate`` header of a protected resource.

https://www.rfc-editor.org/rfc/rfc6750#section-3 https://www.rfc-editor.org/rfc/rfc9728#section-5.1
https://www.rfc-editor.org/rfc/rfc9449#section-7.1 https://www.rfc-editor.org/rfc/rfc9470#section-3
"""

import re
from collections.abc import Sequence
from typing import Literal

from watchword.oauth.scope import format_scope

# What RFC 6750 section 3 lets stand between the quotes: no control character, no quote, no backslash.
_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*\Z")
_NOT_PLAIN = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


def www_authenticate(
    *,
    scheme: Literal["Bearer", "DPoP"] = "Bearer",
    realm: str,
    error: str | None = None,
    description: str | None = None,
    scopes: Sequence[str] = (),
    acr_values: Sequence[str] = (),
    max_age: int | None = None,
    algorithms: Sequence[str] = (),
    resource_metadata: str | None = None,
) -> str:
    """One challenge.

    Args:
        scheme: how the token must be presented.
        realm: what is protected; the scheme must be followed by at least one parameter, and this one is always there.
        error: the code, such as ``invalid_token``; None when the request presented no
            credentials at all, which section 3.1 says should then not be told anything more.
        description: a sentence for developers; characters that may not stand in it are shown as ``?``.
        scopes: those the request needs.
        acr_values: the authentication contexts of which one is needed, best first.
        max_age: seconds that may have passed since the sign-in.
        algorithms: those with which a DPoP proof may be signed.
        resource_metadata: the URL of the API's RFC 9728 document.

    Raises:
        ValueError: a value holds a character that the header does not allow.
    """
    parameters = (
        ("realm", realm),
        ("error", error),
        ("error_description", None if description is None else _NOT_PLAIN.sub("?", description)),
        ("scope", format_scope(scopes) or None),
        ("acr_values", " ".join(acr_values) or None),
        ("max_age", None if max_age is None else str(max_age)),
        ("algs", " ".join(algorithms) or None),
        ("resource_metadata", resource_metadata),
    )
    stated = [(name, value) for name, value in parameters if value is not None]
    if not all(_PLAIN.match(value) for _, value in stated):
        raise ValueError("a challenge holds printable ASCII without quotes and backslashes")
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in stated)
