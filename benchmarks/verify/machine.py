"""The shape of the machine, in words that name nobody's machine, and the one core that everything runs on."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from cryptography.hazmat.backends.openssl.backend import backend

PEERS = ("PyJWT", "joserfc", "jwcrypto", "Authlib", "clasp-jwt", "cryptography", "msgspec")


_all_cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()


def cores() -> list[int]:
    """The cores this process may use, lowest first."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return []


def pin(core: int | None) -> None:
    """Keep this process, and those it starts from now on, on one core, where the system can."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


@contextmanager
def elsewhere() -> Iterator[None]:
    """While active, what is started runs on the first core instead, apart from this process where there are two."""
    here = cores()
    if not here or len(_all_cores) < 2:
        yield
        return
    pin(min(_all_cores))
    try:
        yield
    finally:
        pin(here[-1])


def another_core() -> str:
    """In words, where `elsewhere` is."""
    return "another core" if len(_all_cores) > 1 else "the same core"


def shape() -> dict[str, Any]:
    """What figures are worth nothing without."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "optimised": not hasattr(sys, "gettotalrefcount"),
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
