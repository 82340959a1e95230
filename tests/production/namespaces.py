"""A machine of one's own, as far as Linux lends one: mounts and networks that end with the process that made them.

Everything here runs as root inside `unshare --mount …`; nothing of the real machine is changed.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PR_SET_NO_NEW_PRIVS = 38


def why_not(*tools: str, kinds: Sequence[str] = ("--net", "--mount")) -> str | None:
    """What keeps this machine from lending one."""
    missing = [tool for tool in ("unshare", "ip", "mount", *tools) if shutil.which(tool) is None]
    if missing:
        return f"not installed here: {', '.join(missing)}"
    tried = subprocess.run(
        ["unshare", *kinds, "--", "mount", "--bind", "/etc", "/etc"], capture_output=True, text=True, check=False
    )
    return None if tried.returncode == 0 else f"needs root and namespaces: {tried.stderr.strip()}"


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def fresh_machine() -> None:
    """From here on /etc is a copy, /var and /run hold nothing, and the network is this machine alone."""
    mount("--make-rprivate", "/")
    etc = Path(tempfile.mkdtemp(prefix="watchword-etc-"))
    mount("-t", "tmpfs", "-o", "mode=0755", "none", str(etc))
    shutil.copytree("/etc", etc / "etc", symlinks=True)
    mount("--bind", str(etc / "etc"), "/etc")
    for folder in ("/var/lib", "/var/log", "/run"):
        mount("-t", "tmpfs", "-o", "mode=0755", "none", folder)
    for folder in ("/var/log/nginx", "/var/lib/nginx", "/var/lib/caddy", "/run/haproxy"):
        Path(folder).mkdir(parents=True)
    open_ways_to(what_python_needs())
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def open_ways_to(paths: Iterable[Path]) -> None:
    """Let everybody reach ``paths``: where a folder above is closed to others, only they are left of what is in it."""
    closed: dict[Path, list[Path]] = {}
    for path in paths:
        above = next((one for one in reversed(path.parents) if not one.stat().st_mode & 0o001), None)
        if above is not None:
            closed.setdefault(above, []).append(path)
    for above, kept in closed.items():
        aside = []
        for path in kept:
            place = tempfile.mkdtemp(prefix="watchword-way-")
            mount("--bind", str(path), place)
            aside.append(place)
        mount("-t", "tmpfs", "-o", "mode=0755", "none", str(above))
        for path, place in zip(kept, aside, strict=True):
            path.mkdir(parents=True)
            mount("--bind", place, str(path))


def what_python_needs() -> list[Path]:
    """This checkout, its environment and the interpreter below that."""
    found = {ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
    return sorted(path for path in found if not any(other in path.parents for other in found))


def confine(writable: Iterable[Path], *, uid: int, gid: int, keep: Iterable[Path] = ()) -> None:
    """From here on this process is somebody else, and of the whole machine it can write to ``writable`` alone.

    Args:
        writable: folders as they are outside.
        uid: whom it becomes, without any privilege.
        gid: that user's only group.
        keep: files and folders below /tmp that it still sees; the rest of /tmp is its own and empty.
    """
    new = Path(tempfile.mkdtemp(prefix="watchword-root-"))
    mount("--rbind", "/", str(new))
    mount("--make-rprivate", str(new))
    kept = [path for path in (*what_python_needs(), *keep, *writable) if Path("/tmp") in path.parents]
    _empty(new / "tmp", kept)
    for place in _mounts_below(new):
        mount("-o", "remount,bind,ro", place)
    mount("-t", "tmpfs", "-o", "mode=1777,size=64m", "none", str(new / "var/tmp"))
    for path in writable:
        mount("--bind", str(path), f"{new}{path}")
    os.chroot(new)
    os.chdir("/")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("no_new_privs was refused")


def _empty(folder: Path, kept: Sequence[Path]) -> None:
    """A folder with nothing in it but ``kept``, which are below ``/tmp``."""
    mount("-t", "tmpfs", "-o", "mode=1777,size=64m", "none", str(folder))
    for path in kept:
        place = folder / path.relative_to("/tmp")
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        mount("--bind", str(path), str(place))


def _mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    places = [line.split()[4].replace("\\040", " ") for line in lines]
    own = folder / "tmp"
    below = {Path(place) for place in places if Path(place) == folder or folder in Path(place).parents}
    return sorted(str(place) for place in below if place != own and place.exists())  # some are covered by another


def execute(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Become ``command``."""
    os.execve(command[0], list(command), dict(environment))
