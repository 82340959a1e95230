"""A browser in which somebody has signed in before, so that strangers' guesses cannot keep them out (O51).

The proof is an HMAC over the user and a random name of the browser: it lets nobody in, it only chooses the counter
that an attempt is charged to. Another password makes every proof worthless.
"""

import base64
import hashlib
import hmac
import secrets

from watchword.store.repositories.users import User

_PREFIX = "wwd_"
_NAME_LENGTH = 22


def prove(secret: bytes, user: User) -> str:
    """A new proof for a browser in which ``user`` has just signed in; ``secret`` is the ``throttle`` key."""
    name = secrets.token_urlsafe(16)
    return f"{_PREFIX}{name}{_mac(secret, user, name)}"


def name_of(secret: bytes, user: User, proof: str | None) -> str | None:
    """The browser's name when ``proof`` was made for ``user``; nothing otherwise."""
    if proof is None or not proof.startswith(_PREFIX) or not proof.isascii():
        return None
    text = proof.removeprefix(_PREFIX)
    name, mac = text[:_NAME_LENGTH], text[_NAME_LENGTH:]
    return name if hmac.compare_digest(mac, _mac(secret, user, name)) else None


def _mac(secret: bytes, user: User, name: str) -> str:
    message = f"device\x00{user.id}\x00{user.password_changed_at}\x00{name}".encode()
    mac = hmac.new(secret, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")
