"""The tokens of one auth object: one renewal in flight, however many threads and tasks wait for it.

A renewal runs in a thread of its own. So it serves threads and event loops alike, nobody's cancellation ends it, and
it lands even when nobody waits any more: a refresh token that was sent is spent, and its successor must be kept.
"""

import copy
import logging
import os
from asyncio import wrap_future
from concurrent.futures import Future
from threading import Lock, Thread, get_ident
from typing import NamedTuple
from weakref import WeakSet

import anyio

from watchword.client.errors import ClientError, TokenEndpointBusyError, TokenRequestError, TokensNotKeptError
from watchword.client.grants import Grant
from watchword.client.renewal import UNSAID_LIFETIME, Held, Moment, Plan, Renewal, hold, moment
from watchword.client.token_request import TokenRequests
from watchword.client.tokens import TokenSet
from watchword.clock import Clock
from watchword.fetch import prepare

# Discovery and two token requests have five seconds each; the rest is for storing what came.
LONG_WAIT = 30.0
_log = logging.getLogger("watchword.client")


class _Outcome(NamedTuple):
    tokens: TokenSet | None
    failure: ClientError | None


class TokenSource:
    """Gives tokens that can be used now, renewed in time.

    Safe to share between threads, event loops and forked processes; a forked child renews for itself.

    Args:
        requests: asks the issuer.
        grant: what is asked for.
        tokens: those to begin with, if there are any.
        clock: tells the time.
    """

    def __init__(self, requests: TokenRequests, grant: Grant, *, tokens: TokenSet | None, clock: Clock) -> None:
        self._requests = requests
        self._grant = grant
        self._clock = clock
        self._renewal = Renewal(None if tokens is None else self._begun_with(tokens))
        self._unkept: Held | None = None
        self._flight: Future[_Outcome] | None = None
        self._renewing: int | None = None  # the thread that does
        self._lock = Lock()
        _sources.add(self)
        prepare()

    @property
    def tokens(self) -> TokenSet | None:
        """Those in use; None before the first."""
        held = self._renewal.held
        return None if held is None else held.tokens

    def token(self) -> TokenSet:
        """Tokens to use now, waited for where needed.

        Raises:
            ClientError: there are none, and why.
        """
        return _some(self._wait(None))

    async def atoken(self) -> TokenSet:
        """`token`, without blocking the event loop, which is asyncio's."""
        return _some(await self._await(None))

    def better_than(self, refused: str) -> TokenSet | None:
        """Other tokens than ``refused``, the access token that an API has just refused as invalid; None when that
        API refuses renewed ones too.

        Raises:
            ClientError: there are none, and why.
        """
        return self._wait(refused)

    async def abetter_than(self, refused: str) -> TokenSet | None:
        """`better_than`, without blocking the event loop, which is asyncio's."""
        return await self._await(refused)

    def doubt(self, refused: str) -> None:
        """The API refused this token as invalid; renew it for later requests, without waiting."""
        try:
            self._depart(refused)
        except ClientError:
            return  # those later requests will be told

    def adopt(self, tokens: TokenSet) -> None:
        """Use these from now on, for example after a new login. A renewal under way is forgotten when it lands."""
        with self._lock:
            self._renewal.succeed(self._begun_with(tokens))
            self._unkept = self._flight = None

    def _wait(self, refused: str | None) -> TokenSet | None:
        tokens, flight = self._depart(refused)
        if flight is None:
            return tokens
        try:
            outcome = flight.result(timeout=LONG_WAIT)
        except TimeoutError:
            raise _waited_too_long() from None
        return _arrive(outcome)

    async def _await(self, refused: str | None) -> TokenSet | None:
        tokens, flight = self._depart(refused)
        if flight is None:
            return tokens
        try:
            with anyio.fail_after(LONG_WAIT):
                outcome = await wrap_future(flight)
        except TimeoutError:
            raise _waited_too_long() from None
        return _arrive(outcome)

    def _depart(self, refused: str | None) -> tuple[TokenSet | None, Future[_Outcome] | None]:
        """The tokens to use, or the renewal to wait for; begun here when it is due and none is under way."""
        at = moment(self._clock)
        with self._lock:
            plan = self._renewal.plan(at, refused=refused)
            if plan in {Plan.RENEW, Plan.RENEW_MEANWHILE} and self._flight is None:
                self._take_off(at)
            held, flight = self._renewal.held, self._flight
            if plan is Plan.LEAVE:
                return None, None
            if plan in {Plan.USE, Plan.RENEW_MEANWHILE} and held is not None:
                return held.tokens, None
            if flight is None and (failure := self._renewal.refusal(at)) is not None:
                raise _copied(failure)
        if self._renewing == get_ident():
            raise TokensNotKeptError("on_renewed asks for the token that it is to store")
        return None, flight

    def _take_off(self, at: Moment) -> None:
        """Begin a renewal; the lock is held. What it begins with is settled now, so that it never spends the refresh
        token of tokens that are adopted meanwhile.
        """
        flight = _running_future()
        daemon = not self._grant.must_land
        thread = Thread(
            target=self._renew, args=(flight, self.tokens, self._unkept), name="watchword-tokens", daemon=daemon
        )
        self._flight = flight
        try:
            thread.start()
        except BaseException as error:
            if thread.ident is None:  # a flight that nobody flies would be waited for, for ever
                self._flight = None
            if not isinstance(error, RuntimeError):
                raise
            # This process may have no further thread at the moment.
            failure = TokenRequestError("there is no thread left to ask for a token with", error="no_answer")
            failure.__cause__ = error
            self._renewal.fail(failure, at, for_good=False)

    def _renew(self, flight: Future[_Outcome], before: TokenSet | None, unkept: Held | None) -> None:
        held, failure = unkept, None
        self._renewing = get_ident()
        try:
            held = unkept or self._ask(flight, before)
            self._keep(held, flight)
        except ClientError as error:
            failure = error
        except BaseException as error:  # noqa: BLE001  whatever it was, those who wait must be told
            failure = TokenRequestError("the token request failed", error="no_answer")
            failure.__cause__ = error
        finally:
            self._renewing = None
        self._land(flight, held, failure)

    def _ask(self, flight: Future[_Outcome], before: TokenSet | None) -> Held:
        # Measured from before the request: the issuer counts from somewhere within it.
        at = moment(self._clock)
        answer = self._requests.ask(self._grant.fields(before))
        held = hold(self._grant.accept(before, answer, now=at.now), at, answer.lifetime or UNSAID_LIFETIME)
        with self._lock:
            if self._flight is flight:
                self._unkept = held
        return held

    def _keep(self, held: Held, flight: Future[_Outcome]) -> None:
        """Nothing is used before it is stored: a crash in between would leave a spent refresh token behind. When
        storing fails the tokens stay here and are offered again, with no further request.
        """
        if self._flight is not flight:
            return  # others were adopted meanwhile, and these must not overwrite them
        try:
            self._grant.keep(held.tokens)
        except Exception as error:
            raise TokensNotKeptError("on_renewed failed, so the renewed tokens are not used yet") from error

    def _land(self, flight: Future[_Outcome], held: Held | None, failure: ClientError | None) -> None:
        for_good = self._grant.end(failure) if isinstance(failure, TokenRequestError) else None
        if for_good is not None:
            for_good.__cause__ = failure
            failure = for_good
        with self._lock:
            if self._flight is not flight:
                if isinstance(failure, TokenEndpointBusyError):
                    self._renewal.be_patient(failure, moment(self._clock))
                held, failure = self._renewal.held, None  # others were adopted meanwhile
            elif failure is not None:
                self._renewal.fail(failure, moment(self._clock), for_good=for_good is not None)
            elif held is not None:
                self._unkept = None
                self._renewal.succeed(held)
            if self._flight is flight:
                self._flight = None
        try:
            if failure is not None:
                _log.warning("a token could not be had: %s", failure)
        finally:  # even if a log handler of the application raised: those who wait must be told
            flight.set_result(_Outcome(None if held is None or failure else held.tokens, failure))

    def _begun_with(self, tokens: TokenSet) -> Held:
        at = moment(self._clock)
        return hold(tokens, at, max(0.0, tokens.expires_at - at.now))

    def _forget_the_parent(self) -> None:
        """After a fork the parent's renewal never lands here, and its lock may be held by a thread that is not here."""
        self._lock = Lock()
        self._flight = self._renewing = None


def _some(tokens: TokenSet | None) -> TokenSet:
    if tokens is None:
        raise TokenRequestError("there is no token", error="no_answer")
    return tokens


def _arrive(outcome: _Outcome) -> TokenSet | None:
    if outcome.failure is not None:
        raise _copied(outcome.failure)
    return outcome.tokens


def _copied(failure: ClientError) -> ClientError:
    """One for each who is told: a traceback that many threads add to says nothing."""
    told = copy.copy(failure)
    told.__cause__ = failure.__cause__
    return told


def _waited_too_long() -> TokenRequestError:
    return TokenRequestError("the issuer did not give a token in time", error="no_answer")


def _running_future() -> "Future[_Outcome]":
    future: Future[_Outcome] = Future()
    future.set_running_or_notify_cancel()  # a waiter that gives up must not cancel it for the others
    return future


_sources: "WeakSet[TokenSource]" = WeakSet()


def _forget_the_parents() -> None:
    for source in _sources:
        source._forget_the_parent()  # noqa: SLF001  of one file


if hasattr(os, "register_at_fork"):
    # Once, not for each source: what is registered here is never let go.
    os.register_at_fork(after_in_child=_forget_the_parents)
