"""Load for a server: `wrk` where it is installed, else the same requests from a few plain connections of our own."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

CONNECTIONS = 16
FIRST_ANSWER_SECONDS = 5.0
WRK = shutil.which("wrk")
_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


@dataclass(frozen=True, slots=True)
class Load:
    """What the server did with it. Latencies in microseconds; none where they were not told."""

    requests_per_second: float
    requests: int
    p50: float | None = None
    p99: float | None = None


def put_on(url: str, *, seconds: float, headers: Mapping[str, str]) -> Load:
    """Send as many requests as ``url`` answers in ``seconds``, over `CONNECTIONS` connections that stay open.

    Raises:
        RuntimeError: an answer was not 200.
    """
    if WRK is None:
        command = [sys.executable, "-m", "benchmarks.verify.load", url, str(seconds), json.dumps(dict(headers))]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return Load(**told)
    command = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    text = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError("the server refused requests")
    return Load(
        float(_found(r"Requests/sec:\s+([\d.]+)", text)),
        int(_found(r"(\d+) requests in", text)),
        _latency("50%", text),
        _latency("99%", text),
    )


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError("wrk told something else than expected")
    return found.group(1)


def _latency(percentile: str, text: str) -> float | None:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", text)
    return None if found is None else float(found.group(1)) * _UNITS[found.group(2)]


class _Caller(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last one is in."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._transport: asyncio.Transport | None = None
        self._left = b""
        self.answers = 0
        self.refusals = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._left += data
        if self._left.endswith(b"\r\n\r\n"):  # the answers have no body
            self.answers += 1
            self.refusals += not self._left.startswith(b"HTTP/1.1 200")
            self._left = b""
            assert self._transport is not None
            self._transport.write(self._request)


async def _connect(loop: asyncio.AbstractEventLoop, caller: _Caller, host: str, port: int) -> asyncio.Transport:
    transport, _ = await loop.create_connection(lambda: caller, host, port)
    return transport


async def _call(url: str, seconds: float, headers: Mapping[str, str]) -> Load:
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    lines = [f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items())]
    request = ("".join(lines) + "\r\n").encode()
    callers = [_Caller(request) for _ in range(CONNECTIONS)]
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    connections = [await _connect(loop, one, host, int(port)) for one in callers]
    await asyncio.sleep(seconds)
    # A server that has just begun may need longer than a short round for its first answer, and a rate needs one.
    while not any(one.answers for one in callers) and time.perf_counter() - began < FIRST_ANSWER_SECONDS:  # noqa: ASYNC110  a look now and then is enough
        await asyncio.sleep(0.005)
    elapsed = time.perf_counter() - began
    for connection in connections:
        connection.abort()
    if any(one.refusals for one in callers):
        raise RuntimeError("the server refused requests")
    answers = sum(one.answers for one in callers)
    return Load(answers / elapsed, answers)


if __name__ == "__main__":
    done = asyncio.run(_call(sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])))
    print(json.dumps({"requests_per_second": done.requests_per_second, "requests": done.requests}))
