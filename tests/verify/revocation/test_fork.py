"""A process that forks after its reader has begun, as gunicorn does with --preload."""

import subprocess
import sys

import pytest
from tests.slices import sliced
from tests.verify.revocation.fake_writer import CREDENTIALS, FakeWriter

FORK = """
import os, signal, sys, threading
from watchword.clock import SettableClock
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.errors import TokenRevokedError
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.reader import JournalReader
from watchword.verify.revocation.settings import RevocationSettings

url, mode, now, identifier, secret = sys.argv[1:]
settings = RevocationSettings(
    url, url + "/.well-known/watchword-configuration", mode=mode, credentials=ResourceCredentials(identifier, secret)
)
reader = JournalReader(settings, clock=SettableClock(float(now)))
reader.look()
assert reader.status().journal_id == "journal-1", reader.status()
generation = reader.generation
print("filled", flush=True)
sys.stdin.readline()  # now something is withdrawn, and the parent's clock stands
reader._lock.acquire()  # as another thread of the parent may hold it
child = os.fork()
if child == 0:
    signal.alarm(10)
    try:
        assert reader.status().journal_id is None, "the child's mirror is not its own"
        assert (reader.look_at, reader.generation > generation) == (0.0, True)
        assert threading.active_count() == 1
        reader.look()
        names = {thread.name for thread in threading.enumerate()}
        if mode != "on_demand":
            assert "watchword-revocations" in names, names
        try:
            reader.check(TokenMarks.of({"jti": "t-1"}, kid="k", issuer=url))
        except TokenRevokedError:
            os._exit(0)
        os._exit(1)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(2)
reader._lock.release()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("mode", sliced(["on_demand", "poll", "push"], fast=["push"]))
def test_a_forked_child_begins_with_an_empty_mirror_and_threads_of_its_own(writer: FakeWriter, mode: str) -> None:
    # From Python 3.12 on, forking beside threads warns: it is what this test is about.
    python = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK]
    arguments = [writer.url, mode, str(writer.clock.now()), CREDENTIALS.identifier, CREDENTIALS.secret]
    with subprocess.Popen(
        [*python, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "filled\n"
        if mode == "push":
            writer.wait_until(lambda: writer.connected > 0)
        writer.withdraw("token", "t-1")
        process.stdin.write("\n")
        process.stdin.flush()
        error = process.stderr.read()
        assert process.wait(10) == 0, error
    assert writer.count("/feed/snapshot") == 2
    if mode == "push":
        writer.wait_until(lambda: writer.count("/feed/events") >= 1)
