"""The one gate every token passes, when a grant is made and again whenever it is used (O29).

Whatever withdraws the right to tokens from a user, a client or a session is looked at here and nowhere else, so that
no grant type can forget one.
"""

from sqlalchemy import ColumnElement, Connection, exists, func, literal, select

from watchword.issuer.keys.signers import Signers, SignersWithdrawnError
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
    conditions: list[ColumnElement[bool]] = [
        exists().where(clients.c.id == client_id, clients.c.status == "active"),
    ]
    if user_id is not None:
        conditions.append(exists().where(users.c.id == user_id, users.c.status == "active"))
    if session_id is not None:
        conditions.append(
            exists().where(sessions.c.id == session_id, sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
        )
    kids = () if signers is None else signers.kids
    statement = select(
        _epoch("subject", user_id or client_id),
        _epoch("client", client_id),
        _epoch("all", ""),
        signing_keys.count_signing(kids) if kids else literal(0),
    ).where(*conditions)
    row = connection.execute(statement).first()
    if row is None:
        return None
    *found, signing = map(int, row)
    if signing < len(kids):
        raise SignersWithdrawnError(detail="a key was withdrawn or retired since the ring was read", retry_after=1)
    return Epochs(*found)


def _epoch(kind: EpochKind, value: str) -> ColumnElement[int]:
    epoch = select(epochs.c.epoch).where(epochs.c.kind == kind, epochs.c.value == value).scalar_subquery()
    return func.coalesce(epoch, literal(0))
