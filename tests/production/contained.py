"""One command under the conditions of a container: ``python -m tests.production.contained UID DATA FACTS COMMAND…``.

Run in namespaces of its own. It says "here" once it waits, takes its network address from a line on standard input, and
becomes COMMAND: a user without any privilege or entry in /etc/passwd, who can write to /data, /tmp and nowhere else.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.production import namespaces

CANNOT_BE_WRITTEN = ("/", "/etc", "/etc/watchword", "/run", "/run/secrets", "/opt", "/usr/bin", "/var/lib", "/data/..")


def main(uid: int, data: Path, facts: Path, command: list[str]) -> None:
    sys.stdout.write("here\n")
    sys.stdout.flush()
    if address := sys.stdin.readline().strip():
        for words in (f"address add {address}/30 dev inside0", "link set inside0 up", "link set lo up"):
            subprocess.run(["ip", *words.split()], check=True)
    namespaces.confine([data, facts], uid=uid, gid=uid)
    os.chdir(data)
    found = {
        "pid": os.getpid(),
        "uid": os.getuid(),
        "writable": [place for place in CANNOT_BE_WRITTEN if can_write(Path(place))],
        "data": can_write(data),
    }
    (facts / "facts.json").write_text(json.dumps(found))
    environment = {
        "PATH": "/usr/bin:/bin",
        "WATCHWORD_CONFIG": "/etc/watchword/watchword.toml",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    namespaces.execute(command, environment)


def can_write(folder: Path) -> bool:
    try:
        (folder / "watchword-was-here").touch()
        (folder / "watchword-was-here").unlink()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
