"""A small real HTTP server that publishes keys, counts requests, and can be told to misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from watchword.jose import Key, KeySet

Answer = tuple[int, dict[str, str], bytes]
JSON = {"content-type": "application/json"}


class LoopbackIssuer:
    """Publishes ``keys``; ``answer`` may be replaced to publish anything else. ``gate`` holds answers back."""

    def __init__(self) -> None:
        self.keys = [Key.generate("ES256")]
        self.requests: list[str] = []
        self.url = ""
        self.issuer: str | None = None
        self.headers: dict[str, str] = {}
        self.answer: Callable[[str], Answer | None] = lambda path: None
        self.gate = threading.Event()
        self.gate.set()

    @property
    def jwks_requests(self) -> int:
        return self.requests.count("/jwks")

    def respond(self, path: str) -> Answer:
        self.requests.append(path)
        self.gate.wait(5)
        own = self.answer(path)
        if own is not None:
            return own
        if path == "/jwks":
            return 200, JSON | self.headers, json.dumps(KeySet([key.public() for key in self.keys]).to_dict()).encode()
        if path == "/.well-known/openid-configuration":
            issuer = self.issuer or self.url
            return 200, JSON, json.dumps({"issuer": issuer, "jwks_uri": issuer + "/jwks"}).encode()
        return 404, JSON, b"{}"

    def serves(self, document: Any, *, path: str = "/jwks") -> None:
        """Answer ``path`` with ``document``."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answer = lambda asked: (200, JSON, body) if asked == path else None

    def fails(self, status: int = 500, *, path: str = "/jwks") -> None:
        """Answer ``path`` with an error."""
        self.answer = lambda asked: (status, JSON, b"{}") if asked == path else None

    def recovers(self) -> None:
        """Publish ``keys`` again."""
        self.answer = lambda path: None


@contextmanager
def loopback_issuer() -> Iterator[LoopbackIssuer]:
    """A `LoopbackIssuer` that is being served."""
    issuer = LoopbackIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = issuer.respond(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            echo = {"form": self.rfile.read(length).decode(), "headers": dict(self.headers)}
            issuer.serves(echo, path=self.path)
            self.do_GET()

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
