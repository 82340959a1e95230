"""The time of a test: it stands, or moves when it is told to, for every verifier of the process."""

from typing import Any

from watchword.clock import SettableClock, SystemClock


class SteeredTime:
    """Puts itself before the machine's clock while it is active.

    Verifiers that were given a clock of their own keep it.
    """

    def __init__(self) -> None:
        self._steered: SettableClock | None = None
        self._before: dict[str, Any] = {}

    def now(self) -> float:
        """UTC epoch seconds, as the verifiers see them."""
        return SystemClock().now()

    def freeze(self, at: float | None = None) -> None:
        """Let the time stand at ``at``, UTC epoch seconds; by default where it is."""
        self._put(SettableClock(self.now() if at is None else at))

    def advance(self, seconds: float) -> None:
        """Move on; the time stands from then on."""
        if self._steered is None:
            self.freeze()
        assert self._steered is not None
        self._steered.advance(seconds)

    def release(self) -> None:
        """Give the machine's clock back."""
        for name, method in self._before.items():
            setattr(SystemClock, name, method)
        self._before = {}
        self._steered = None

    def _put(self, steered: SettableClock) -> None:
        # The monotonic scale goes on from where it is: what was measured before stays measured.
        started = SystemClock().monotonic() - steered.monotonic()
        self.release()
        self._before = {name: SystemClock.__dict__[name] for name in ("now", "monotonic")}
        for name, method in (
            ("now", lambda _: steered.now()),
            ("monotonic", lambda _: started + steered.monotonic()),
        ):
            setattr(SystemClock, name, method)
        self._steered = steered
