"""What systemd does with Watchword's unit, done here: no test machine runs systemd.

The unit's own lines are followed: credentials, environment, state directory, user, ProtectSystem, ExecStartPre,
ExecStart, readiness (Type=notify), KillSignal. What only a kernel's service manager enforces (system call filter,
address families) is left to `systemd-analyze verify` and `security`, which other tests run.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.production import namespaces

START_SECONDS = 60.0


def entries(unit: Path) -> dict[str, list[str]]:
    """The lines of a unit by their name; all sections together."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


class Service:
    """One unit of ours, started and stopped as systemd would."""

    def __init__(self, unit: Path, log: Path) -> None:
        self._entries = entries(unit)
        self._log = log
        self._name = unit.name
        self.process: subprocess.Popen[bytes] | None = None

    def _one(self, name: str) -> str:
        (value,) = self._entries[name]
        return value

    def start(self) -> None:
        """ExecStartPre, then ExecStart; returns when the service has said that it is ready."""
        user = pwd.getpwnam(self._one("User"))
        credentials = self._credentials(user)
        state = Path("/var/lib") / self._one("StateDirectory")
        state.mkdir(mode=int(self._one("StateDirectoryMode"), 8), exist_ok=True)
        os.chown(state, user.pw_uid, user.pw_gid)
        environment = {"PATH": "/usr/bin:/bin", "USER": user.pw_name, "HOME": user.pw_dir, "LANG": "C.UTF-8"}
        for line in self._entries["Environment"]:
            name, _, value = line.partition("=")
            environment[name] = value.replace("%d", str(credentials))
        for line in self._entries["ExecStartPre"]:
            assert self._run(line, user, state, environment).wait(START_SECONDS) == 0, self._log.read_text()
        assert self._one("Type") == "notify"
        notify = Path("/run/watchword-notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(notify))
            notify.chmod(0o666)
            told.settimeout(START_SECONDS)
            self.process = self._run(self._one("ExecStart"), user, state, {**environment, "NOTIFY_SOCKET": str(notify)})
            try:
                assert told.recv(64) == b"READY=1"
            except TimeoutError:
                raise AssertionError(self._log.read_text()) from None
        notify.unlink()

    def stop(self) -> int:
        """The unit's signal, and no more time than it allows."""
        assert self.process is not None
        self.process.send_signal(getattr(signal, self._one("KillSignal")))
        return self.process.wait(float(self._one("TimeoutStopSec")))

    def _credentials(self, user: pwd.struct_passwd) -> Path:
        """Root's files, readable by the user alone through the group, as systemd's list of access makes them look."""
        folder = Path("/run/credentials") / self._name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.chown(folder, 0, user.pw_gid)
        for line in self._entries["LoadCredential"]:
            name, _, source = line.partition(":")
            (folder / name).write_bytes(Path(source).read_bytes())
            os.chown(folder / name, 0, user.pw_gid)
            (folder / name).chmod(0o440)
        folder.chmod(0o550)
        return folder

    def _run(
        self, line: str, user: pwd.struct_passwd, state: Path, environment: dict[str, str]
    ) -> "subprocess.Popen[bytes]":
        assert self._one("ProtectSystem") == "strict"
        inside = ["unshare", "--mount", "--", sys.executable, "-m", __name__]
        words = [*inside, str(user.pw_uid), str(user.pw_gid), str(state), *line.split()]
        with self._log.open("ab") as log:
            return subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=namespaces.ROOT)


if __name__ == "__main__":
    uid, gid, folder, *command = sys.argv[1:]
    namespaces.confine([Path(folder)], uid=int(uid), gid=int(gid))
    os.chdir(folder)
    namespaces.execute(command, os.environ)
