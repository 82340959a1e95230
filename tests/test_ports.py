"""Blocks of ports belong to one process at a time."""

import socket
import subprocess
import sys
from pathlib import Path

from tests import ports

ROOT = Path(__file__).parents[1]
ASK = "from tests import ports; print(ports.block('a'), flush=True); input()"


def other() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ASK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_block_belongs_to_one_process_at_a_time() -> None:
    mine = {ports.block("a"), ports.block("b")}
    assert mine == {ports.block("a"), ports.block("b")}
    with other() as one, other() as two:
        assert one.stdout is not None
        assert two.stdout is not None
        firsts = mine | {int(one.stdout.readline()), int(two.stdout.readline())}
        one.communicate("\n")
        two.communicate("\n")
    assert len(firsts) == 4
    assert all(abs(one - two) >= ports.SIZE for one in firsts for two in firsts - {one})


def test_a_killed_process_keeps_nothing() -> None:
    with other() as one:
        assert one.stdout is not None
        held = int(one.stdout.readline())
        one.kill()
        one.wait()
    with socket.socket() as again:
        again.bind(("127.0.0.1", held - 1))
