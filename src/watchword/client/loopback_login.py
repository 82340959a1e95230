"""Sign in from a command line: a listener on 127.0.0.1 takes what the browser brings back, once.

https://www.rfc-editor.org/rfc/rfc8252#section-7.3
"""

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from watchword.client.browser_login import PendingLogin, RelyingParty, begin, finish
from watchword.client.discovery import IssuerMetadata
from watchword.client.errors import LoginTimeoutError
from watchword.client.tokens import TokenSet
from watchword.clock import Clock, SystemClock

CALLBACK_PATH = "/callback"

_HOST = "127.0.0.1"
_CLOCK = SystemClock()
# A local program that connects and stays silent must not hold up the browser for long.
_SILENCE_SECONDS = 5.0

_STYLE = (
    ":root{color-scheme:light dark;font:1.125rem/1.6 system-ui,sans-serif}"
    "body{max-width:28rem;margin:20vh auto;padding:0 1.5rem}h1{font-size:1.5rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


def loopback_login(
    issuer: IssuerMetadata,
    client_id: str,
    *,
    scopes: Sequence[str],
    resources: Sequence[str],
    show: Callable[[str], None],
    timeout: float = 300.0,
    port: int = 0,
    clock: Clock = _CLOCK,
) -> TokenSet:
    """Sign in through the browser of this machine.

    Args:
        issuer: whom to ask.
        client_id: a public client with a loopback redirect URI.
        scopes: what to ask for.
        resources: the APIs the tokens are for.
        show: called once with the address to open, when the listener is ready.
        timeout: seconds to wait for the browser to come back.
        port: of the listener; 0 takes a free one. A fixed one can be forwarded by ssh.
        clock: for the ID token.

    Raises:
        LoginTimeoutError: nobody came back in time.
        ClientError: see `watchword.client.browser_login.finish`.
    """
    with _Listener(port) as listener:
        party = RelyingParty(issuer, client_id, listener.redirect_uri)
        pending = begin(party, scopes=scopes, resources=resources)
        query = listener.wait_for(pending, timeout, show=show)
    # The listener is closed: one login, one answer.
    return finish(party, pending, query, clock=clock)


class _Listener(ThreadingHTTPServer):
    """Answers until the login's own callback has come; everything else is turned away and changes nothing.

    One thread per connection: browsers open connections ahead of need, and a silent one must not block the rest.
    """

    allow_reuse_address = False  # nobody may share the port with us, before or after
    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__((_HOST, port), _Handler)
        self.authority = f"{_HOST}:{self.server_port}"
        self.redirect_uri = f"http://{self.authority}{CALLBACK_PATH}"
        self.expected_state = ""
        self._query: str | None = None
        self._came_back = threading.Event()

    def wait_for(self, pending: PendingLogin, timeout: float, *, show: Callable[[str], None]) -> str:
        self.expected_state = pending.state
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            show(pending.url)
            self._came_back.wait(timeout)
        finally:
            self.shutdown()
            thread.join()
        if self._query is None:
            raise LoginTimeoutError("nobody came back from the browser in time")
        return self._query

    def take(self, query: str) -> None:
        if self._query is None:
            self._query = query
            self._came_back.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is no news: the browser opens another, and its traceback helps nobody."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SILENCE_SECONDS
    server: _Listener
    server_version = "watchword"
    sys_version = ""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        # A page that rebinds its name to 127.0.0.1 arrives with that name here.
        if self.headers.get("Host") != self.server.authority:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "This address is not served here", "Nothing was done.")
        elif address.path != CALLBACK_PATH:
            self._answer(HTTPStatus.NOT_FOUND, "There is nothing here", "Nothing was done.")
        elif not self._is_ours(address.query):
            self._answer(HTTPStatus.BAD_REQUEST, "This sign-in is not known", "It was not begun here, or is over.")
        else:
            self._finish(address.query)

    def _finish(self, query: str) -> None:
        try:
            if "error" in parse_qs(query, keep_blank_values=True):
                self._answer(HTTPStatus.OK, "Sign-in did not finish", "Your terminal says why. You can close this tab.")
            else:
                self._answer(HTTPStatus.OK, "Back to your terminal", "It finishes the sign-in. You can close this tab.")
        finally:
            # After the page, so that it is written before the process goes on; and even if the browser has left.
            self.server.take(query)

    def _is_ours(self, query: str) -> bool:
        states = parse_qs(query, keep_blank_values=True).get("state", [])
        return len(states) == 1 and hmac.compare_digest(states[0].encode(), self.server.expected_state.encode())

    def _answer(self, status: HTTPStatus, title: str, sentence: str) -> None:
        page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
            f"<body><main><h1>{title}</h1><p>{sentence}</p></main></body></html>"
        ).encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_arguments: object) -> None:
        """Nothing is logged: the request line holds the code."""
