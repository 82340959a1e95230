"""Run a module on a leash: when the process that holds the other end of a pipe goes away, this one ends too.

``python -m watchword.cli.local.leash FD MODULE ARGUMENTS…``; works wherever there are pipes, however the holder died.
"""

import os
import runpy
import signal
import sys
import threading

GRACE_SECONDS = 8.0


def hold(descriptor: int) -> None:
    """End this process when the other end of ``descriptor`` is closed: gently, then by force."""

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="watchword-leash", daemon=True).start()


if __name__ == "__main__":
    hold(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
