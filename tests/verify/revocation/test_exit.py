"""A process that ends while its reader's threads are at work: at once, and without a word (THREATS R44)."""

import subprocess
import sys
import time

import pytest
from tests.slices import sliced
from tests.verify.revocation.fake_writer import CREDENTIALS, FakeWriter

SCRIPT = """
import asyncio, sys
from watchword.clock import SettableClock
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.revocation.reader import JournalReader
from watchword.verify.revocation.settings import RevocationSettings

url, mode, now, identifier, secret = sys.argv[1:]
settings = RevocationSettings(
    url, url + "/.well-known/watchword-configuration", mode=mode, credentials=ResourceCredentials(identifier, secret)
)
asyncio.run(JournalReader(settings, clock=SettableClock(float(now))).alook())
"""


@pytest.mark.parametrize("mode", sliced(["push", "poll", "on_demand"], fast=["push"]))
@pytest.mark.parametrize("hangs", ["nothing", "the feed"])
def test_it_ends_at_once_and_silently(writer: FakeWriter, mode: str, hangs: str) -> None:
    if hangs == "the feed":
        writer.gate.clear()
    begun = time.monotonic()
    arguments = [writer.url, mode, str(writer.clock.now()), CREDENTIALS.identifier, CREDENTIALS.secret]
    ended = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("", "")
    assert time.monotonic() - begun < 4.5  # the wait for the first fill is a second; the exchange's deadline is five
