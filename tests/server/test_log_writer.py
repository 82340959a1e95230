"""The log: serving never waits for it (R22), and one fault does not fill it (R26)."""

import logging
import os
import threading
from collections import Counter

import pytest

from watchword.server import log_writer
from watchword.server.log_writer import STORM_LIMIT, STORM_SECONDS, LogWriter, Storm


def record(text: str, *, at: float = 0.0, level: int = logging.WARNING) -> logging.LogRecord:
    made = logging.LogRecord("watchword.test", level, "file.py", 1, text, None, None)
    made.created = at
    return made


def test_r22_a_pipe_that_nobody_reads_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(log_writer, "WAITING_LIMIT", 100)
    reader, pipe = os.pipe()
    dropped: Counter[str] = Counter()
    writer = LogWriter(pipe, lambda reason: dropped.update([reason]))
    # More than the pipe and the queue hold; on a handler that waits this would hang.
    for _ in range(400):
        writer.emit(record("x" * 4096))
    assert dropped["blocked"] > 0
    writer.flush()
    assert threading.active_count() > 1
    os.close(reader)  # and now nobody will ever read: what waits is dropped, the thread goes on
    monkeypatch.setattr(log_writer, "FLUSH_SECONDS", 60.0)
    writer.flush()
    assert dropped["blocked"] > 100
    os.close(pipe)


def test_r22_a_closed_standard_error_stops_nothing() -> None:
    reader, pipe = os.pipe()
    os.close(reader)
    os.close(pipe)
    dropped: Counter[str] = Counter()
    writer = LogWriter(pipe, lambda reason: dropped.update([reason]))
    writer.emit(record("told to nobody"))
    writer.flush()
    assert dropped == {"blocked": 1}


def test_lines_are_whole_and_in_order() -> None:
    reader, pipe = os.pipe()
    writer = LogWriter(pipe)
    for number in range(200):
        writer.emit(record(f"line {number}"))
    writer.flush()
    os.close(pipe)
    with os.fdopen(reader) as file:
        assert file.read().splitlines() == [f"line {number}" for number in range(200)]


def test_lines_are_written_together_but_never_more_than_a_pipe_takes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes write to one pipe: a line of another must not come in between."""
    reader, pipe = os.pipe()
    pieces: list[bytes] = []
    write = os.write

    def noted(descriptor: int, lines: bytes) -> int:
        pieces.append(lines)
        return write(descriptor, lines)

    monkeypatch.setattr(os, "write", noted)
    writer = LogWriter(pipe)
    sizes = [1, 500, 4095, 4096, 5000, *[99] * 200]
    for size in sizes:
        writer.emit(record("x" * size))
    writer.flush()
    os.close(pipe)
    os.close(reader)
    assert b"".join(pieces) == b"".join(b"x" * size + b"\n" for size in sizes)
    assert len(pieces) < 20
    for piece in pieces:
        assert piece.endswith(b"\n")
        assert len(piece) <= log_writer.PIPE_SIZE or piece.count(b"\n") == 1


def test_each_line_of_a_piece_that_was_not_written_is_counted() -> None:
    reader, pipe = os.pipe()
    os.close(reader)
    dropped: Counter[str] = Counter()
    writer = LogWriter(pipe, lambda reason: dropped.update([reason]))
    for number in range(50):
        writer.emit(record(f"line {number}"))
    writer.flush()
    os.close(pipe)
    assert dropped == {"blocked": 50}


def test_r26_a_storm_is_cut_and_counted() -> None:
    dropped: Counter[str] = Counter()
    storm = Storm(lambda reason: dropped.update([reason]))
    passed = [storm.filter(record("the database does not answer", at=number / 1000)) for number in range(1000)]
    assert sum(passed) == STORM_LIMIT
    assert storm.filter(record("something else", at=1.0))
    assert all(storm.filter(record("request", at=1.0, level=logging.INFO)) for _ in range(100))
    after = record("the database does not answer", at=STORM_SECONDS + 1)
    assert storm.filter(after)
    assert after.__dict__["suppressed"] == dropped["storm"] == 1000 - STORM_LIMIT


def test_r26_texts_of_libraries_that_differ_each_time_are_one_kind() -> None:
    storm = Storm()
    lines = [record(f"retrying in {number} seconds") for number in range(100)]
    for line in lines:
        line.name = "some.library"
    assert sum(storm.filter(line) for line in lines) == STORM_LIMIT


def test_r26_what_is_remembered_of_kinds_is_bounded() -> None:
    storm = Storm()
    for number in range(5000):
        storm.filter(record(f"kind {number}"))
    assert len(storm._kinds) <= 512
