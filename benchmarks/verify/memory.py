"""What the cache of verified tokens holds, and that nothing grows however much is verified.

Each figure is taken in a process of its own, so that nothing else lies in it.
"""

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import psutil
from benchmarks.verify import issuer_here, ours, progress
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.issuer_here import IssuerHere
from benchmarks.verify.material import TYP, WITHDRAWABLE, Material, claims, make
from benchmarks.verify.scale import Scale

from watchword.jose import jwt
from watchword.verify import VerificationError

T = TypeVar("T")
TOKENS = 100_000
TRACED = 5_000
DEFAULT_CACHE = 4_096
SAMPLES = 20
MOST_GROWTH = 2.0  # MB of 10^6 bytes, from the first tenth to the end


def measure_all(scale: Scale) -> Findings:
    """Two tables."""
    findings = Findings()
    tokens, calls = TOKENS, 10_000_000 if scale.full else 200_000
    if scale.round_seconds < 0.005:  # a try-out
        tokens, calls = 500, 2_000
    progress.say(f"memory of {tokens:,} cached tokens")
    resident = _apart(_resident_bytes, tokens)
    traced = _apart(_traced_bytes, min(tokens, TRACED))
    full = _apart(_traced_default_cache, min(2 * DEFAULT_CACHE, tokens))
    rows: tuple[Row, ...] = (
        Row(f"resident, over {tokens:,} tokens", (resident,)),
        Row(f"traced, over {min(tokens, TRACED):,} tokens", (traced,)),
    )
    length = len(make("ES256", also=WITHDRAWABLE).token)
    note = f"ES256 tokens of {length} characters; the token itself, its claims and its verdict"
    findings.tables.append(Table("memory of a cached token", ("bytes",), rows, (note,)))
    findings.aims.append(Aim("memory per cached token", resident, "B"))
    findings.aims.append(Aim("the default cache when full", full / 1e6, "MB"))
    progress.say(f"memory over {calls:,} verifications")
    samples = _apart(_growth, calls)
    early, late = samples[SAMPLES // 10], samples[-1]
    rows = tuple(Row(f"after {calls * share // SAMPLES:,}", (samples[share],)) for share in (0, 2, 5, 10, 15, SAMPLES))
    note = "nine in ten are hits among 1,000 tokens; one in twenty a new token, one in twenty rubbish, none twice"
    findings.tables.append(Table(f"memory over {calls:,} verifications", ("MB",), rows, (note,)))
    findings.aims.append(Aim(f"growth over {calls:,} verifications", late - early, "MB", most=MOST_GROWTH))
    return findings


def _apart(job: Callable[[int], T], argument: int) -> T:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(job, argument).result()


def _tokens(material: Material, first: int, many: int) -> Iterator[bytes]:
    for number in range(first, first + many):
        yield jwt.encode(claims(number, also=WITHDRAWABLE), material.key, typ=TYP).encode()


def _resident_bytes(many: int) -> float:
    material = make("ES256")
    verify = ours.verifier(material, cache=2 * many).verify
    verify(material.token)
    ready = list(_tokens(material, 0, many))
    before = _resident()
    for one in ready:
        verify(one.decode("ascii"))
    return (_resident() - before) / many


def _traced_bytes(many: int) -> float:
    return _traced(many, cache=2 * many) / many


def _traced_default_cache(many: int) -> float:
    return _traced(many, cache=True)


def _traced(many: int, *, cache: int) -> float:
    """Bytes held after ``many`` tokens."""
    material = make("ES256")
    verify = ours.verifier(material, cache=cache).verify
    verify(material.token)
    ready = list(_tokens(material, 0, many))
    gc.collect()
    tracemalloc.start()
    for one in ready:
        verify(one.decode("ascii"))
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    return float(held)


def _growth(calls: int) -> list[float]:
    """Resident MB at the start and after each of `SAMPLES` parts of ``calls``; the cache is full from the start."""
    material = make("ES256", also=WITHDRAWABLE)
    with IssuerHere(material).answering():
        verify = issuer_here.verifier(revocation="poll").verify
        hits = list(_tokens(material, 0, 1_000))
        rubbish, fresh = _rubbish(material), _tokens(material, 10_000, 1 << 62)
        for _, one in zip(range(min(2 * DEFAULT_CACHE, calls)), fresh, strict=False):
            verify(one.decode("ascii"))
        chosen, samples = random.Random(7), [_resident() / 1e6]
        for _ in range(SAMPLES):
            for _ in range(calls // SAMPLES):
                share = chosen.random()
                if share < 0.90:
                    verify(chosen.choice(hits).decode("ascii"))
                elif share < 0.95:
                    verify(next(fresh).decode("ascii"))
                else:
                    _refused(verify, next(rubbish))
            samples.append(_resident() / 1e6)
    return samples


def _refused(verify: Callable[[str], object], token: str) -> None:
    try:
        verify(token)
    except VerificationError:
        return
    raise RuntimeError("rubbish was taken for a token")


def _rubbish(material: Material) -> Iterator[str]:
    """Never the same twice: strangers' keys and types, broken signatures, cut and lengthened tokens, and no tokens."""
    chosen, number = random.Random(11), 0
    stranger = make("ES256")
    while True:
        number += 1
        good = material.token
        place = chosen.randrange(good.rindex(".") + 1, len(good) - 1)
        yield from (
            f"{good[:place]}{'A' if good[place] != 'A' else 'B'}{good[place + 1 :]}{number:x}",
            good[: -number % 400 - 10] + str(number),
            jwt.encode(claims(number), stranger.key, typ=TYP),
            jwt.encode(claims(number), material.key, typ=f"kind{number}+jwt"),
            jwt.encode(claims(number) | {"exp": number}, material.key, typ=TYP),
            f"{chosen.getrandbits(256):x}.{chosen.getrandbits(512):x}.{number:x}",
            f"{number}" * 4_000,
            "",
        )


def _resident() -> int:
    gc.collect()
    resident: int = psutil.Process().memory_info().rss
    return resident
