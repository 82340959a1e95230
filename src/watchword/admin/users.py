"""Users: who may sign in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, update

from watchword.admin import mail, messages
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, TakenError, UnknownError
from watchword.authn.password_rules import check_new_password
from watchword.issuer.revocation import withdraw
from watchword.oauth.scope import CLAIMS_OF_SCOPE
from watchword.store.identifiers import new_id
from watchword.store.repositories import roles, users
from watchword.store.repositories.audit import record
from watchword.store.repositories.users import IdentifierTakenError, InvalidIdentifierError, User
from watchword.store.tables import users as user_table

ADMIN_ROLE = "admin"
MAX_ROLE = 255

# What is known of the account itself is not said a second time.
_CLAIMS = {name for names in CLAIMS_OF_SCOPE.values() for name in names} - {
    "email", "email_verified", "preferred_username",
}  # fmt: skip
_KIND_OF_CLAIM: dict[str, tuple[type, str]] = {
    "address": (dict, "a table"),
    "phone_number_verified": (bool, "true or false"),
    "updated_at": (int, "a number of seconds"),
}
# https://openid.net/specs/openid-connect-core-1_0.html#AddressClaim
_ADDRESS = {"formatted", "street_address", "locality", "region", "postal_code", "country"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequest:
    """A user as an operator asks for them; the e-mail address is the user name unless one is given.

    ``claims`` are standard ones (https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims); ``name`` is
    one of them.
    """

    email: str
    username: str = ""
    name: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    roles: Sequence[str] = ()
    password: str | None = field(default=None, repr=False)

    def problems(self) -> list[str]:
        """Every reason, one sentence each, why there can be no such user."""
        found = []
        if not is_email(self.email):
            found.append(f"{self.email!r} is not an e-mail address")
        found.extend(role_problems(self.roles))
        found.extend(_claim_problems(self.claims))
        if self.name and "name" in self.claims:
            found.append("the name is there twice: as name and in claims")
        return found

    def build(self, *, password_hash: str | None, now: float) -> User:
        """The record of this user."""
        return User(
            id=new_id(),
            username=self.username or self.email,
            email=self.email,
            email_verified_at=None,
            claims={**self.claims, **({"name": self.name} if self.name else {})},
            password_hash=password_hash,
            password_changed_at=None if password_hash is None else now,
            status="active",
            created_at=now,
        )


def role_problems(role_names: Sequence[str]) -> list[str]:
    """The names among ``role_names`` that no role can have."""
    problems = [f"{role!r} is not a role name" for role in role_names if not role.strip() or not role.isprintable()]
    if any(len(role) > MAX_ROLE for role in role_names):
        problems.append(f"the name of a role has {MAX_ROLE} characters at most")
    return problems


def _claim_problems(claims: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, value in claims.items():
        kind, words = _KIND_OF_CLAIM.get(name, (str, "a text"))
        if name not in _CLAIMS:
            problems.append(f"{name} is not a claim that a user can be given: {', '.join(sorted(_CLAIMS))}")
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            problems.append(f"the claim {name} must be {words}")
        elif name == "address" and not _is_address(value):
            problems.append(f"the claim address is made of texts: {', '.join(sorted(_ADDRESS))}")
    return problems


def _is_address(value: object) -> bool:
    return isinstance(value, dict) and all(key in _ADDRESS and isinstance(part, str) for key, part in value.items())


async def add_user(desk: AdminDesk, request: UserRequest, *, invite: bool = False) -> User:
    """Make a user who may sign in at once.

    Args:
        desk: where the operator works.
        request: whom to make.
        invite: whether to write to them that they have an account; the password is in no mail.

    Raises:
        InvalidRequestError: there can be no such user.
        WeakPasswordError: anyone would guess the password.
        TakenError: the user name or the e-mail address is somebody's already.
    """
    problems = request.problems()
    if problems:
        raise InvalidRequestError(*problems)
    user = request.build(password_hash=await hash_new_password(desk, request), now=desk.clock.now())

    def job(connection: Connection) -> None:
        create(connection, desk, user, request.roles)
        if invite:
            mail.post(connection, desk, messages.invitation(desk, user))

    await desk.store.write(job)
    return user


async def hash_new_password(desk: AdminDesk, request: UserRequest) -> str | None:
    """The hash of the password asked for; None when there is to be none.

    Raises:
        WeakPasswordError: anyone would guess it.
    """
    if request.password is None:
        return None
    check_new_password(request.password, context=(request.email, request.username, request.name))
    return await desk.passwords.hash(request.password)


def create(connection: Connection, desk: AdminDesk, user: User, role_names: Sequence[str]) -> None:
    """Write ``user`` with their roles in the caller's transaction.

    Raises:
        TakenError: the user name or the e-mail address is somebody's already.
        InvalidRequestError: one of them cannot be used.
    """
    try:
        users.create(connection, user)
    except IdentifierTakenError as error:
        raise TakenError(error.sentence) from error
    except InvalidIdentifierError as error:
        raise InvalidRequestError(error.sentence) from error
    for role in role_names:
        roles.assign(connection, user.id, role, now=desk.clock.now())
    record(connection, desk.entry("user.created", "user", user.id, roles=list(role_names)))


def add_claims(connection: Connection, desk: AdminDesk, user: User, claims: Mapping[str, Any]) -> None:
    """Bring these claims of ``user`` up to date in the caller's transaction; the others stay."""
    changed = {**user.claims, **claims}
    if changed != user.claims:
        connection.execute(update(user_table).where(user_table.c.id == user.id).values(claims=changed))
        record(connection, desk.entry("user.claims_changed", "user", user.id, claims=sorted(claims)))


async def list_users(desk: AdminDesk) -> list[tuple[User, tuple[str, ...]]]:
    """Every user with their roles, oldest first."""

    def job(connection: Connection) -> list[tuple[User, tuple[str, ...]]]:
        return [(user, roles.roles_of(connection, user.id)) for user in users.list_all(connection)]

    return await desk.store.read(job)


async def is_admin(desk: AdminDesk, user_id: str) -> bool:
    """Whether the user holds the role that opens the console, as the database says now."""
    return ADMIN_ROLE in await desk.store.read(lambda connection: roles.roles_of(connection, user_id))


async def disable_user(desk: AdminDesk, who: str) -> User:
    """Keep a user out: sessions, grants and tokens end with the same transaction.

    Args:
        desk: where the operator works.
        who: their id, user name or e-mail address.

    Raises:
        UnknownError: there is no such user.
        InvalidRequestError: they are the last admin, and it is an admin who does it.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> User:
        user = find(connection, who)
        keep_an_admin(connection, desk, user)
        users.set_status(connection, user.id, "disabled")
        mail.post(connection, desk, messages.disabled(desk, user))
        record(connection, desk.entry("user.disabled", "user", user.id))
        withdraw.subject(connection, user.id, reason="user_disabled", actor=desk.actor, now=now)
        return user

    return await desk.store.write(job)


async def set_password(desk: AdminDesk, who: str, password: str) -> User:
    """Give a user another password; what they held under the old one ends with the same transaction.

    Raises:
        UnknownError: there is no such user.
        WeakPasswordError: anyone would guess it.
    """
    user = await desk.store.read(lambda connection: find(connection, who))
    check_new_password(password, context=(user.username, user.email or "", user.label))
    password_hash = await desk.passwords.hash(password)
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        users.set_password(connection, user.id, password_hash, now=now)
        mail.post(connection, desk, messages.password_changed(desk, user))
        record(connection, desk.entry("user.password_changed", "user", user.id))
        withdraw.subject(connection, user.id, reason="password_changed", actor=desk.actor, now=now)

    await desk.store.write(job)
    return user


def keep_an_admin(connection: Connection, desk: AdminDesk, user: User) -> None:
    """Let no admin lock everybody out of the console; an operator at the terminal may, and can let them in again.

    Raises:
        InvalidRequestError: ``user`` is the only admin who may sign in.
    """
    is_admin_now = user.is_active and ADMIN_ROLE in roles.roles_of(connection, user.id)
    if desk.actor.kind != "user" or not is_admin_now:
        return
    if not roles.has_active_holder(connection, ADMIN_ROLE, besides=user.id):
        raise InvalidRequestError("nobody else is an admin: give somebody else that role first")


def find(connection: Connection, who: str) -> User:
    """The user of that id, user name or e-mail address.

    Raises:
        UnknownError: there is none.
    """
    user = users.find(connection, who) or users.find_by_identifier(connection, who)
    if user is None:
        raise UnknownError("there is no such user")
    return user


def is_email(text: str) -> bool:
    """Whether ``text`` looks like an e-mail address; whether it is one, only a message to it can tell."""
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and text.isprintable() and " " not in text and len(text) <= 254
