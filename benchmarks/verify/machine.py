"""The shape of the machine, in words that name nobody's machine, and the one core that everything runs on."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from cryptography.hazmat.backends.openssl.backend import backend

PEERS = ("PyJWT", "joserfc", "jwcrypto", "Authlib", "clasp-jwt", "cryptography", "msgspec")


_cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def on_one_core() -> Iterator[None]:
    """While active, this process and those it starts run on the last of its cores, where the system can do that."""
    with _on(_cores[-1:]):
        yield


@contextmanager
def elsewhere() -> Iterator[None]:
    """While active, what is started runs on the first core instead, apart from this process where there are two."""
    with _on(_cores[:1]):
        yield


def another_core() -> str:
    """In words, where `elsewhere` is."""
    return "another core" if len(_cores) > 1 else "the same core"


@contextmanager
def _on(cores: list[int]) -> Iterator[None]:
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def shape() -> dict[str, Any]:
    """What figures are worth nothing without."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "openssl": backend.openssl_version_text(),
        "load": round(os.getloadavg()[0], 2),
        "versions": {name: version for name in PEERS if (version := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123  a device of the kernel, not a file
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
