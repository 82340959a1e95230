"""Random names for records."""

import base64
import secrets


def new_id() -> str:
    """26 characters of lower-case base32 from 130 random bits; never reused, safe in URLs, files and shells."""
    return base64.b32encode(secrets.token_bytes(17)).decode("ascii").lower()[:26]
