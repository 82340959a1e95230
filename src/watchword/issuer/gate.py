"""The one gate every token passes, when a grant is made and again whenever it is used (O29).

Whatever withdraws the right to tokens from a user, a client or a session is looked at here and nowhere else, so that
no grant type can forget one.
"""

from functools import lru_cache

from sqlalchemy import ColumnElement, Connection, String, bindparam, exists, func, literal, select

from watchword.issuer.keys.signers import Signers, SignersWithdrawnError
from watchword.store.prepared import Prepared
from watchword.store.repositories import signing_keys
from watchword.store.repositories.epochs import EpochKind, Epochs
from watchword.store.tables import clients, epochs, sessions, users


def subject_may_receive_tokens(
    connection: Connection,
    *,
    user_id: str | None,
    client_id: str,
    session_id: str | None,
    signers: Signers | None = None,
) -> Epochs | None:
    """Whether tokens may be made for this user, client and session, judged in one statement.

    Args:
        connection: the transaction in which the tokens are recorded.
        user_id: whom they speak for; None when the client speaks for itself.
        client_id: who receives them.
        session_id: the session they end with; None when they outlive it or there is none.
        signers: what will sign them; None where nothing is signed. They were read before this transaction, and of a
            key that was withdrawn meanwhile no token may be made.

    Returns:
        The epochs in force, for the claim ``ww_epoch``; None to refuse.

    Raises:
        SignersWithdrawnError: a key of ``signers`` may not sign any more.
    """
    kids = () if signers is None else tuple(signers.kids)
    asked = {
        "client": client_id,
        "user": user_id,
        "session": session_id,
        "subject": user_id or client_id,
        **{f"kid_{number}": kid for number, kid in enumerate(kids)},
    }
    statement = _statement(has_user=user_id is not None, has_session=session_id is not None, kids=len(kids))
    row = statement.first(connection, asked)
    if row is None:
        return None
    *found, signing = map(int, row)
    if signing < len(kids):
        raise SignersWithdrawnError(detail="a key was withdrawn or retired since the ring was read", retry_after=1)
    return Epochs(*found)


@lru_cache(maxsize=64)
def _statement(*, has_user: bool, has_session: bool, kids: int) -> Prepared:
    """One for each shape."""
    client, user, session = (bindparam(name, type_=String) for name in ("client", "user", "session"))
    conditions = [exists().where(clients.c.id == client, clients.c.status == "active")]
    if has_user:
        conditions.append(exists().where(users.c.id == user, users.c.status == "active"))
    if has_session:
        conditions.append(
            exists().where(sessions.c.id == session, sessions.c.user_id == user, sessions.c.ended_at.is_(None))
        )
    named = [bindparam(f"kid_{number}", type_=String) for number in range(kids)]
    return Prepared(
        select(
            _epoch("subject", bindparam("subject", type_=String)),
            _epoch("client", client),
            _epoch("all", literal("")),
            signing_keys.count_signing(named) if named else literal(0),
        ).where(*conditions)
    )


def _epoch(kind: EpochKind, value: ColumnElement[str]) -> ColumnElement[int]:
    epoch = select(epochs.c.epoch).where(epochs.c.kind == kind, epochs.c.value == value).scalar_subquery()
    return func.coalesce(epoch, literal(0))
