"""One attempt to sign in with a password.

Count it, find the user, hash, and only then say anything: whoever watches from outside sees the same answer after the
same work whether the user is unknown, disabled, without a password, or somebody else (O50).
"""

import math
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from watchword.authn import known_device, throttle
from watchword.authn.authentication import PASSWORD_ACR, Authentication
from watchword.authn.errors import OverloadedError, UnusableHashError
from watchword.authn.factors import PASSWORD
from watchword.authn.factors.password import PasswordHasher
from watchword.clock import Clock
from watchword.events import EventSink, LoginFailed, LoginSucceeded
from watchword.store.engine import Store
from watchword.store.repositories import login_throttle, users
from watchword.store.repositories.login_throttle import Charge
from watchword.store.repositories.users import User


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The password was right."""

    authentication: Authentication
    user: User


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not; ``reason`` is for metrics, never for the person (O50)."""

    reason: Literal["unknown_user", "not_active", "wrong_password", "unusable_hash"]


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not looked at: too many failures before. ``retry_after`` is whole seconds."""

    retry_after: int


Outcome = SignedIn | Refused | Throttled


@dataclass(frozen=True, slots=True)
class SignIn:
    """Everything an attempt needs; ``secret`` is the installation's ``throttle`` key."""

    store: Store
    clock: Clock
    passwords: PasswordHasher
    secret: bytes
    events: EventSink

    async def with_password(
        self, *, identifier: str, password: str, address: str, device: str | None = None
    ) -> Outcome:
        """Try ``password`` for whoever ``identifier`` names.

        Args:
            identifier: user name or e-mail, as typed.
            password: as typed.
            address: where the attempt comes from, see `client_address`.
            device: what `known_device` gave this browser, if it did.

        Raises:
            OverloadedError: too many attempts at once; this one has not been counted.
        """
        now = self.clock.now()

        def begin(connection: Connection) -> tuple[User | None, Charge]:
            user = users.find_by_identifier(connection, identifier)
            known = known_device.name_of(self.secret, user, device) if user is not None else None
            # By what was typed, never by whom it names: were a user's name and e-mail one account here, being stopped
            # at the one after guessing at the other would tell that both are somebody's (O50).
            account = user.id if user is not None and known is not None else users.fold(identifier)
            limits = throttle.limits_for(self.secret, account=account, address=address, device=known)
            return user, login_throttle.charge(connection, limits, now=now)

        user, charged = await self.store.write(begin)
        if charged.refused:
            self.events.emit(LoginFailed(now, "throttled"))
            return Throttled(math.ceil(charged.retry_after))
        try:
            reason = await self._reason_to_refuse(user, password)
        except OverloadedError:
            await self.store.write(lambda connection: login_throttle.give_back(connection, charged))
            self.events.emit(LoginFailed(now, "overloaded"))
            raise
        if user is None or reason is not None:
            self.events.emit(LoginFailed(now, reason or "unknown_user"))
            return Refused(reason or "unknown_user")
        return await self._succeed(user, password, charged)

    async def _reason_to_refuse(
        self, user: User | None, password: str
    ) -> Literal["unknown_user", "not_active", "wrong_password", "unusable_hash"] | None:
        if user is None or user.password_hash is None:
            await self.passwords.verify_dummy(password)
            return "unknown_user"
        try:
            right = await self.passwords.verify(user.password_hash, password)
        except UnusableHashError:
            await self.passwords.verify_dummy(password)
            return "unusable_hash"
        if not right:
            return "wrong_password"
        return None if user.is_active else "not_active"

    async def _succeed(self, user: User, password: str, charged: Charge) -> Outcome:
        stored = user.password_hash
        assert stored is not None
        newer: str | None = None
        if self.passwords.needs_rehash(stored):
            try:
                newer = await self.passwords.hash(password)
            except OverloadedError:
                newer = None  # the old hash is good until a quieter sign-in
        now = self.clock.now()

        def finish(connection: Connection) -> bool:
            fresh = users.find(connection, user.id)
            # While the password was hashed, an operator may have disabled the user or changed the password.
            if fresh is None or not fresh.is_active or fresh.password_changed_at != user.password_changed_at:
                return False
            login_throttle.give_back(connection, charged)
            if newer is not None:
                users.replace_hash(connection, user.id, expected=stored, password_hash=newer)
            return True

        if not await self.store.write(finish):
            self.events.emit(LoginFailed(now, "not_active"))
            return Refused("not_active")
        self.events.emit(LoginSucceeded(now, user.id))
        authentication = Authentication(
            user_id=user.id,
            acr=PASSWORD_ACR,
            amr=(PASSWORD.amr,),
            auth_time=now,
            password_changed_at=user.password_changed_at,
        )
        return SignedIn(authentication=authentication, user=user)
