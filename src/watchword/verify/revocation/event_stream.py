"""The text of server-sent events, taken apart as it arrives. No I/O.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from collections.abc import Iterator
from typing import NamedTuple

from watchword.verify.revocation.errors import MessageRefusedError
from watchword.verify.revocation.message import MAX_MESSAGE_BYTES

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its type, and its data lines joined."""

    kind: str
    data: bytes


class EventStream:
    """Takes pieces of any length, gives whole events.

    Args:
        max_bytes: the longest event, comments included.
    """

    __slots__ = ("_after_return", "_begun", "_data", "_kind", "_length", "_line", "_max_bytes")

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._line = bytearray()
        self._kind = ""
        self._data: list[bytes] = []
        self._length = 0
        self._after_return = False
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that ``chunk`` completes.

        Raises:
            MessageRefusedError: one does not end.
        """
        for line in self._lines(chunk):
            event = self._interpret(line)
            if event is not None:
                yield event

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        """Lines end in LF, CR or CR LF; the two of the last may come in two pieces."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
        if chunk:
            self._after_return = chunk.endswith(b"\r")
        *ended, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in ended:
            self._grow(len(line) + 1)
            self._line += line
            whole, self._line = bytes(self._line), bytearray()
            yield whole
        self._grow(len(rest))
        self._line += rest

    def _grow(self, length: int) -> None:
        self._length += length
        if self._length > self._max_bytes:
            raise MessageRefusedError("a message of the revocation feed is refused", detail="its event does not end")

    def _interpret(self, line: bytes) -> Event | None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> Event | None:
        kind, data = self._kind or "message", self._data
        self._kind, self._data, self._length = "", [], 0
        return Event(kind, b"\n".join(data)) if data else None
