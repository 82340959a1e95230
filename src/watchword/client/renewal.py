"""When tokens are renewed: rules over what is held and what the clocks say. No I/O, no lock; `token_source` has both.

              obtained                        renew_at          wait_at      end
requests      use the token ─────────────────────────────────────┤ wait ─────────
renewal                                       └ in the background ┘ before they go
"""

from enum import Enum, auto
from typing import NamedTuple

from watchword.client.errors import ClientError, TokenEndpointBusyError
from watchword.client.tokens import TokenSet
from watchword.clock import Clock

AHEAD = 60.0  # seconds before the end at which a renewal begins; never more than a fifth of the lifetime
LAST_CALL = 10.0  # seconds before the end from which requests wait for it; never more than a twentieth
UNSAID_LIFETIME = 300.0  # seconds for which a token is used whose issuer does not say for how long (RFC 6749 §5.1)
HOLD_OFF = 2.0  # seconds after a failure in which nobody asks again
DOUBT_OFF = 5.0  # seconds after an API's refusal in which a further one is not taken as a reason to renew


class Moment(NamedTuple):
    """What both clocks say. Either may be wrong: the wall clock is set, and the other stands while a machine sleeps."""

    now: float
    monotonic: float


def moment(clock: Clock) -> Moment:
    """The moment that ``clock`` shows."""
    return Moment(clock.now(), clock.monotonic())


class Held(NamedTuple):
    """Tokens, and until when they are used: by the clock that gets there first."""

    tokens: TokenSet
    renew_at: Moment
    wait_at: Moment

    def is_due(self, at: Moment) -> bool:
        """Whether a renewal should begin."""
        return at.monotonic >= self.renew_at.monotonic or at.now >= self.renew_at.now

    def is_spent(self, at: Moment) -> bool:
        """Whether requests should rather wait than use it."""
        return at.monotonic >= self.wait_at.monotonic or at.now >= self.wait_at.now


def hold(tokens: TokenSet, at: Moment, lifetime: float) -> Held:
    """``tokens``, obtained ``at`` for ``lifetime`` seconds."""
    renew_in = lifetime - min(AHEAD, lifetime / 5)
    wait_in = lifetime - min(LAST_CALL, lifetime / 20)
    return Held(tokens, _later(at, renew_in), _later(at, wait_in))


class Plan(Enum):
    """What a request does about its token."""

    USE = auto()
    RENEW_MEANWHILE = auto()
    RENEW = auto()
    REFUSE = auto()  # nobody asks just now: the failure is told
    LEAVE = auto()  # the API refuses this token, and another would be refused as well


class Renewal:
    """What is held, what failed last, what was doubted."""

    def __init__(self, held: Held | None) -> None:
        self.held = held
        self.failure: ClientError | None = None
        self._ended = False
        self._hold_off_until = 0.0
        self._busy: TokenEndpointBusyError | None = None
        self._busy_until = 0.0
        self._doubted = False
        self._doubt_again_at = 0.0

    def plan(self, at: Moment, *, refused: str | None = None) -> Plan:
        """What to do now.

        Args:
            at: the moment.
            refused: the access token that an API has just refused as invalid.
        """
        held = self.held
        resting = self.refusal(at) is not None
        if refused is not None and held is not None and held.tokens.access_token == refused and not self._doubted:
            if at.monotonic < self._doubt_again_at:
                return Plan.LEAVE
            if resting:
                return Plan.REFUSE  # whom it was refused; a doubt would take it from everybody until somebody may ask
            self._doubted, self._doubt_again_at = True, at.monotonic + DOUBT_OFF
        if held is None or self._doubted or held.is_spent(at):
            return Plan.REFUSE if resting else Plan.RENEW
        return Plan.RENEW_MEANWHILE if held.is_due(at) and not resting else Plan.USE

    def refusal(self, at: Moment) -> ClientError | None:
        """What those are told who need a renewal now; None when one may be begun."""
        busy = self._busy
        if busy is not None and at.monotonic < self._busy_until and not self._ended:
            left = self._busy_until - at.monotonic
            return TokenEndpointBusyError.lasting(left, error=busy.error, status=busy.status)
        return self.failure if self._ended or at.monotonic < self._hold_off_until else None

    def be_patient(self, busy: TokenEndpointBusyError, at: Moment) -> None:
        """Nobody asks before the moment that the issuer named, whatever tokens are adopted meanwhile. Measured by the
        clock that nobody sets.
        """
        self._busy, self._busy_until = busy, at.monotonic + busy.retry_after

    def succeed(self, held: Held) -> None:
        """New tokens are there and stored."""
        self.held, self.failure = held, None
        self._ended = self._doubted = False

    def fail(self, failure: ClientError, at: Moment, *, for_good: bool) -> None:
        """They could not be had. A token that was doubted is used again while it lives: the doubt was one API's.

        Args:
            failure: what those are told who ask next.
            at: the moment.
            for_good: it is no use to ask again.
        """
        if isinstance(failure, TokenEndpointBusyError):
            self.be_patient(failure, at)
        self.failure, self._hold_off_until = failure, at.monotonic + HOLD_OFF
        self._ended, self._doubted = for_good, False


def _later(at: Moment, seconds: float) -> Moment:
    return Moment(at.now + seconds, at.monotonic + seconds)
