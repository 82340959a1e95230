"""The parts of the benchmark, one line each."""

from collections.abc import Callable

from benchmarks.verify import asgi, cached, memory, sessions, signing, uncached
from benchmarks.verify.figures import Findings
from benchmarks.verify.scale import Scale

SECTIONS: dict[str, Callable[[Scale], Findings]] = {
    "algs": uncached.measure_all,
    "cached": cached.measure_all,
    "sign": signing.measure_all,
    "asgi": asgi.measure_all,
    "sessions": sessions.measure_all,
    "memory": memory.measure_all,
}
