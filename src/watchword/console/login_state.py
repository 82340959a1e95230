"""A sign-in of the console that has begun, carried by its ``state`` and bound to the browser: nothing is stored.

The state names a moment, a random number and the page that is wanted, under a MAC with the browser's cookie; nonce and
PKCE verifier are derived from it in the same way. In another browser the MAC does not hold (O08); the code that comes
back is good once.
https://www.rfc-editor.org/rfc/rfc9700#section-4.7.1
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from watchword.console.paths import CONSOLE

LIFETIME = 600  # seconds
_MAX_STATE = 2_048
# One of our own pages and nothing else: no scheme, no host, no second slash at the front, no dots that lead elsewhere.
_PAGE = re.compile(re.escape(CONSOLE) + r"(/(?!\.)[A-Za-z0-9._~-]+)*(\?[A-Za-z0-9._~%=&+:/-]{0,256})?\Z")


@dataclass(frozen=True, slots=True)
class ConsoleLogin:
    """One sign-in under way; ``page`` is where the browser wanted to go."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    page: str


def begin(secret: bytes, *, browser: str, page: str, now: float) -> ConsoleLogin:
    """A new sign-in.

    Args:
        secret: the installation's own, for the console.
        browser: the value of the browser's cookie.
        page: the path to go on to; anything but a page of the console becomes its first page.
        now: UTC epoch seconds.
    """
    body = f"{int(now):x}.{secrets.token_urlsafe(16)}.{_text(safe_page(page).encode())}"
    return _login(secret, f"{body}.{_mac(secret, 'state', body, browser)}", browser, safe_page(page))


def resume(secret: bytes, *, browser: str, state: str, now: float) -> ConsoleLogin | None:
    """The sign-in that ``state`` names, if this browser began it less than ten minutes ago."""
    body, _, mac = state.rpartition(".")
    if (
        len(state) > _MAX_STATE
        or not state.isascii()
        or not hmac.compare_digest(mac, _mac(secret, "state", body, browser))
    ):
        return None
    moment, _, page = body.split(".")
    if not 0 <= now - int(moment, 16) < LIFETIME:
        return None
    return _login(secret, state, browser, base64.urlsafe_b64decode(page + "==").decode("ascii"))


def safe_page(page: str) -> str:
    """``page`` if it is one of the console's, else the first."""
    return page if _PAGE.match(page) else CONSOLE


def _login(secret: bytes, state: str, browser: str, page: str) -> ConsoleLogin:
    return ConsoleLogin(state, _mac(secret, "nonce", state, browser), _mac(secret, "verifier", state, browser), page)


def _mac(secret: bytes, purpose: str, text: str, browser: str) -> str:
    message = f"login {purpose}\x00{text}\x00{browser}".encode()
    return _text(hmac.new(secret, message, hashlib.sha256).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
