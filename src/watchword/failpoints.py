"""Named places at which a test may make the process die, fail or wait.

``failpoint("refresh.before_commit")`` costs one look at an empty mapping. The mapping is filled only when the
environment variable ``WATCHWORD_FAILPOINTS`` is set at import, as
``name=action[;name=action]`` with the actions ``kill`` (SIGKILL to itself), ``raise``, ``sleep:SECONDS`` and
``kill%P`` (with probability P of 100). ``serve`` refuses to start while any is set.
"""

import os
import random
import signal
import time
from collections.abc import Mapping


class FailpointError(RuntimeError):
    """Raised by the action ``raise``."""


def parse(text: str) -> dict[str, str]:
    """The failpoints that ``text`` sets: name to action."""
    pairs = (item.partition("=") for item in text.split(";") if item.strip())
    return {name.strip(): action.strip() for name, _, action in pairs}


ACTIVE: Mapping[str, str] = parse(os.environ.get("WATCHWORD_FAILPOINTS", ""))  # config.py refuses it in serve


def failpoint(name: str) -> None:
    """Do what the environment asked for at ``name``; nothing otherwise."""
    if not ACTIVE:
        return
    action = ACTIVE.get(name)
    if action is not None:
        _act(name, action)


def _act(name: str, action: str) -> None:
    verb, _, argument = action.partition(":")
    if verb.startswith("kill"):
        _, _, percent = verb.partition("%")
        if not percent or random.random() * 100 < float(percent):  # noqa: S311  a test's dice, not a secret
            os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "raise":
        raise FailpointError(name)
    elif verb == "sleep":
        time.sleep(float(argument))
    else:
        raise FailpointError(f"unknown action for {name}")
