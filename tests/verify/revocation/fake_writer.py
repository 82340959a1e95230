"""A small issuer of revocations over loopback HTTP, by docs/protocol/revocation.md, that can be told to misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlsplit

from watchword.clock import Clock
from watchword.jose import Key, KeySet, jwt
from watchword.oauth.revocation import EPOCH_KINDS, journal_digest
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.revocation.settings import RevocationSettings

Answer = tuple[int, dict[str, str], bytes]
JSON = {"content-type": "application/json"}
MESSAGE = {"content-type": "application/watchword-journal+jwt", "cache-control": "public, max-age=1"}
CREDENTIALS = ResourceCredentials("https://api.example.com", "canary-secret")
PATIENCE = 30.0  # seconds for what should take none, however busy the machine is


class FakeWriter:
    """A journal and its feed. ``answer`` may be replaced; ``gate`` holds answers back.

    Args:
        clock: signs with its time.
        issuer: what it calls itself; its own address if None.
    """

    def __init__(self, clock: Clock, issuer: str | None = None) -> None:
        self.clock = clock
        self.url = ""
        self._issuer = issuer
        self.journal_id = "journal-1"
        self.entries: list[list[Any]] = []
        self.head = 0
        self.deleted = 0  # up to this number nothing can be polled any more
        self.feed_key = Key.generate("ES256", kid="feed-1")
        self.feed_keys: KeySet | None = None  # what is published, if more than the one that signs
        self.token_key = Key.generate("ES256", kid="token-1")
        self.offers_push = True
        self.events_credentials = "resource_server"
        self.loses_the_next = False
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[str], Answer | None] = lambda path: None
        self.gate = threading.Event()
        self.gate.set()
        self._streams: list[SimpleQueue[bytes | None]] = []
        self._changed = threading.Condition()

    @property
    def issuer(self) -> str:
        return self._issuer or self.url

    def settings(self, **options: Any) -> RevocationSettings:
        url = self.url + "/.well-known/watchword-configuration"
        return RevocationSettings(**{"issuer": self.issuer, "configuration_url": url} | options)

    def withdraw(self, kind: str, value: str, *, epoch: int = 1, lifetime: float = 600) -> None:
        """Commit one entry, and push it."""
        row = [0, kind, journal_digest(kind, self.issuer, value), int(self.clock.now() + lifetime)]
        with self._changed:
            self.head += 1
            row[0] = self.head
            self.entries.append([*row, epoch] if kind in EPOCH_KINDS else row)
        if self.loses_the_next:
            self.loses_the_next = False
        else:
            self.say(self.event(self.head - 1))

    def restore(self, journal_id: str, *, head: int = 0) -> None:
        """Forget all, as after an old backup."""
        self.journal_id, self.head, self.entries = journal_id, head, []

    def claims(self, kind: str, **members: Any) -> dict[str, Any]:
        now = int(self.clock.now())
        shape = {"iss": self.issuer, "iat": now, "exp": now + 60, "ver": 1, "journal_id": self.journal_id, "type": kind}
        return shape | members

    def snapshot(self) -> dict[str, Any]:
        live = [row for row in self.entries if row[3] > self.clock.now()]
        return self.claims("snapshot", seq=self.head, entries=live)

    def batch(self, after: int, to: int | None = None) -> dict[str, Any]:
        to = min(self.head, after + 1000) if to is None else to
        entries = [row for row in self.entries if after < row[0] <= to]
        return self.claims("batch", **{"from": after, "to": to, "head": self.head, "entries": entries})

    def sign(self, claims: dict[str, Any], key: Key | None = None, typ: str = "watchword-journal+jwt") -> bytes:
        return jwt.encode(claims, key or self.feed_key, typ=typ).encode()

    def event(self, after: int) -> bytes:
        batch = self.batch(after)
        return b"event: batch\nid: %s:%d\ndata: %s\n\n" % (self.journal_id.encode(), batch["to"], self.sign(batch))

    def heartbeat(self) -> None:
        self.say(self.event(self.head))

    def say(self, text: bytes | None) -> None:
        """Send bytes to everyone connected; None hangs up."""
        for stream in list(self._streams):
            stream.put(text)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Until a request made ``condition`` true."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE)

    def count(self, path: str) -> int:
        """How many requests there were for ``path``."""
        return sum(urlsplit(request).path == path for request in self.requests)

    def fails(self, *paths: str, status: int = 500, headers: dict[str, str] | None = None) -> None:
        """Answer these paths, or all, with an error."""
        self.answer = lambda path: (status, JSON | (headers or {}), b"{}") if not paths or path in paths else None

    def recovers(self) -> None:
        self.answer = lambda path: None

    def configuration(self) -> dict[str, Any]:
        feed = {name + "_uri": f"{self.issuer}/feed/{name}" for name in ("jwks", "snapshot", "poll")}
        if self.offers_push:
            feed |= {"events_uri": f"{self.issuer}/feed/events", "events_credentials": self.events_credentials}
        return {"issuer": self.issuer, "revocation": feed | {"version": 1, "heartbeat": 5, "stale_after": 30}}

    def respond(self, target: str, headers: dict[str, str]) -> Answer | None:
        """None: the events, which do not end."""
        parts = urlsplit(target)
        with self._changed:
            self.requests.append(target)
            self.headers.append(headers)
            self._changed.notify_all()
        self.gate.wait(PATIENCE)
        own = self.answer(parts.path)
        if own is not None:
            return own
        if parts.path == "/.well-known/watchword-configuration":
            return 200, JSON, json.dumps(self.configuration()).encode()
        if parts.path == "/feed/jwks":
            keys = self.feed_keys or KeySet([self.feed_key.public()])
            return 200, JSON, json.dumps(keys.to_dict()).encode()
        if parts.path == "/feed/snapshot":
            return 200, MESSAGE, self.sign(self.snapshot())
        if parts.path == "/feed/poll":
            return self._poll(parts.query)
        if parts.path == "/feed/events":
            refused: Answer = (401, JSON | {"www-authenticate": "Basic"}, b"{}")
            is_known = headers.get("authorization") == CREDENTIALS.basic()
            return None if is_known or self.events_credentials == "none" else refused
        return 404, JSON, b"{}"

    def _poll(self, query: str) -> Answer:
        asked = parse_qs(query, strict_parsing=True)
        (journal_id,), (after,) = asked["journal_id"], asked["after"]
        if journal_id != self.journal_id or int(after) > self.head or int(after) < self.deleted:
            return 410, JSON, b'{"error": "snapshot_required"}'
        return 200, MESSAGE, self.sign(self.batch(int(after)))

    def stream(self, stands_at: str, write: Callable[[bytes], None]) -> None:
        journal_id, _, after = stands_at.partition(":")
        mine: SimpleQueue[bytes | None] = SimpleQueue()
        self._streams.append(mine)
        write(b"retry: 1000\n\n")
        if journal_id != self.journal_id or not self.deleted <= int(after) <= self.head:
            write(b"event: reset\ndata:\n\n")
            mine.put(None)
        elif int(after) < self.head:
            write(self.event(int(after)))
        with self._changed:
            self._changed.notify_all()
        while (text := mine.get()) is not None:
            write(text)
        self._streams.remove(mine)

    @property
    def connected(self) -> int:
        """How many are being pushed to."""
        return len(self._streams)


@contextmanager
def fake_writer(clock: Clock, issuer: str | None = None) -> Iterator[FakeWriter]:
    """A `FakeWriter` that is being served."""
    writer = FakeWriter(clock, issuer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = writer.respond(self.path, headers)
            if answer is None:
                self._stream(headers["last-event-id"])
                return
            status, given, body = answer
            self.send_response(status)
            for name, value in given.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self._write(body)

        def _stream(self, stands_at: str) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            writer.stream(stands_at, self._write)

        def _write(self, text: bytes) -> None:
            try:
                self.wfile.write(text)
                self.wfile.flush()
            except OSError:
                writer.say(None)  # whoever listened has gone

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    writer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield writer
    finally:
        writer.gate.set()
        writer.say(None)
        server.shutdown()
        server.server_close()
        thread.join()
