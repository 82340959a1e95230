"""Mail to users, written in the transaction of what it tells of, and read by whoever tries things out.

Nothing sends it yet. A local installation keeps it for thirty days and shows it; any other keeps none, since nobody
would ever read it.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import UnknownError
from watchword.store.identifiers import new_id
from watchword.store.repositories import outbox
from watchword.store.repositories.outbox import Mail

KEPT = 30 * 86_400.0  # seconds
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be written, and to whom. It holds no secret beyond its purpose, and is plain text."""

    user_id: str
    recipient: str | None
    purpose: str
    subject: str
    body: str = field(repr=False)


def post(connection: Connection, desk: AdminDesk, message: Message) -> None:
    """Write ``message`` in the caller's transaction; to a user without an address, nothing is written."""
    if not desk.settings.local or message.recipient is None:
        return
    now = desk.clock.now()
    mail = Mail(
        id=new_id(),
        user_id=message.user_id,
        recipient=message.recipient,
        purpose=message.purpose,
        subject=message.subject,
        body=message.body,
        created_at=now,
        expires_at=now + KEPT,
    )
    outbox.create(connection, mail)


async def list_mail(desk: AdminDesk) -> list[Mail]:
    """The newest messages, at most a hundred."""
    now = desk.clock.now()
    return await desk.store.read(lambda connection: outbox.latest(connection, now=now, limit=SHOWN))


async def find_mail(desk: AdminDesk, mail_id: str) -> Mail:
    """One message.

    Raises:
        UnknownError: there is none of that id, or it has expired.
    """
    now = desk.clock.now()
    found = await desk.store.read(lambda connection: outbox.find(connection, mail_id, now=now))
    if found is None:
        raise UnknownError("there is no such mail")
    return found
