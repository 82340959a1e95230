"""Sessions of the demonstration's web application: all state on the server, a random id in the browser."""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from watchword.client.api_call import ApiAnswer
from watchword.client.browser_login import PendingLogin
from watchword.client.tokens import TokenSet
from watchword.clock import Clock
from watchword.demo.settings import DemoSettings

SESSION_LIFETIME = 8 * 3600.0
LOGIN_LIFETIME = 600.0

_MAX_ENTRIES = 10_000
_MAX_LOGINS_PER_BROWSER = 5

T = TypeVar("T")


@dataclass(slots=True)
class WebSession:
    """One person signed in in one browser. The tokens never leave this object except towards issuer and API.

    ``answered`` is what was asked of the API by the form sent last, and its answer.
    """

    tokens: TokenSet = field(repr=False)
    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    answered: tuple[str, ApiAnswer] | None = field(default=None, repr=False)
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def csrf_matches(self, given: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(given.encode(), self.csrf_token.encode())


@dataclass(slots=True)
class BegunLogins:
    """The logins that one browser has begun, one per tab; each can be finished once, and only there (O08)."""

    by_state: OrderedDict[str, PendingLogin] = field(default_factory=OrderedDict, repr=False)

    def add(self, login: PendingLogin) -> None:
        self.by_state[login.state] = login
        while len(self.by_state) > _MAX_LOGINS_PER_BROWSER:
            self.by_state.popitem(last=False)

    def take(self, state: str) -> PendingLogin | None:
        return self.by_state.pop(state, None)


class Shelf(Generic[T]):
    """Things by a random id of 256 bits, each for a limited time; when it is full the oldest goes.

    Args:
        lifetime: seconds that a thing stays.
        clock: says when its time is over.
    """

    def __init__(self, lifetime: float, clock: Clock) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._things: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def put(self, thing: T) -> str:
        """Keep ``thing``; returns its id."""
        thing_id = secrets.token_urlsafe(32)
        self._things[thing_id] = (self._clock.now() + self._lifetime, thing)
        while len(self._things) > _MAX_ENTRIES:
            self._things.popitem(last=False)
        return thing_id

    def get(self, thing_id: str | None) -> T | None:
        """The thing with this id, if there is one and its time is not over."""
        end, thing = self._things.get(thing_id or "", (0.0, None))
        if thing is None or self._clock.now() >= end:
            return None
        return thing

    def discard(self, thing_id: str | None) -> None:
        """Forget the thing with this id."""
        self._things.pop(thing_id or "", None)


class Cookie:
    """A session cookie that no script can read and no other site can make the browser send with a POST.

    ``__Host-`` pins it to host and path over https; over plain http, where that prefix is not allowed, its name
    carries the port. https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
    """

    def __init__(self, settings: DemoSettings, purpose: str, lifetime: float) -> None:
        self._secure = not settings.is_plain_http
        port = urlsplit(settings.origin).port or 80
        self.name = f"__Host-orders-{purpose}" if self._secure else f"orders_{purpose}_{port}"
        self._lifetime = int(lifetime)

    def of(self, request: Request) -> str | None:
        """The value the browser sent."""
        return request.cookies.get(self.name)

    def set(self, response: Response, value: str) -> None:
        """Give the browser ``value``."""
        response.set_cookie(
            self.name, value, max_age=self._lifetime, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        """Make the browser forget it."""
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")
