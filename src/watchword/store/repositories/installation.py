"""The installation itself: who it is, whether the master key is the right one, and its secrets."""

import secrets

from sqlalchemy import Connection, insert, select

from watchword.store.errors import MasterKeyError, NotFoundError
from watchword.store.identifiers import new_id
from watchword.store.repositories.inserting import insert_absent
from watchword.store.sealing import MasterKey
from watchword.store.tables import authentication_contexts, epochs, installation, journal_head, server_secrets

SECRET_PURPOSES = ("csrf", "refresh", "throttle", "pairwise", "interaction", "console", "witness")
_SECRET_BYTES = 32
CHECK_PURPOSE = "installation check"
_CHECK_TEXT = b"watchword"
_PASSWORD_CONTEXT = {
    "acr": "urn:watchword:acr:password",
    "level": 1,
    "methods": ["pwd"],
    "description": "a password was given",
}


def initialise(
    connection: Connection, *, issuer: str, master_key: MasterKey, now: float, installation_id: str | None = None
) -> None:
    """Make a migrated, empty database an installation. Done already, it checks the master key and adds new secrets.

    Args:
        connection: in a write transaction.
        issuer: the issuer's URL, as in ``iss``.
        master_key: what seals its secrets from now on.
        now: UTC epoch seconds.
        installation_id: what a new installation is called, where the master key was made for that name.

    Raises:
        MasterKeyError: it is an installation already, under another master key.
    """
    if connection.execute(select(installation.c.id)).first() is not None:
        check_master_key(connection, master_key)
        _add_secrets(connection, master_key, now=now)
        return
    connection.execute(
        insert(installation).values(
            id=1,
            installation_id=installation_id or new_id(),
            issuer=issuer,
            sealed_check=master_key.seal(_CHECK_TEXT, purpose=CHECK_PURPOSE),
            created_at=now,
        )
    )
    connection.execute(insert(journal_head).values(id=1, journal_id=new_id(), seq=0))
    connection.execute(insert(epochs).values(kind="all", value="", epoch=0))
    connection.execute(insert(authentication_contexts).values(_PASSWORD_CONTEXT))
    _add_secrets(connection, master_key, now=now)


def _add_secrets(connection: Connection, master_key: MasterKey, *, now: float) -> None:
    """Make the secrets that are missing: a newer version may know more purposes."""
    rows = [
        {
            "purpose": purpose,
            "sealed_secret": master_key.seal(secrets.token_bytes(_SECRET_BYTES), purpose=secret_purpose(purpose)),
            "created_at": now,
        }
        for purpose in SECRET_PURPOSES
    ]
    insert_absent(connection, server_secrets, rows)


def check_master_key(connection: Connection, master_key: MasterKey) -> None:
    """Make sure that ``master_key`` is the one this installation was made with.

    Raises:
        MasterKeyError: it is not.
        NotFoundError: this is no installation yet.
    """
    sealed = connection.execute(select(installation.c.sealed_check)).scalar_one_or_none()
    if sealed is None:
        raise NotFoundError("the database is not an installation of Watchword yet")
    try:
        master_key.open(sealed, purpose=CHECK_PURPOSE)
    except MasterKeyError:
        raise MasterKeyError("the master key is not the one this installation was made with") from None


def issuer_of(connection: Connection) -> str | None:
    """The issuer this installation was made for; none when it is not an installation yet."""
    return connection.execute(select(installation.c.issuer)).scalar_one_or_none()


def server_secret(connection: Connection, master_key: MasterKey, purpose: str) -> bytes:
    """The 32 bytes that this installation uses for ``purpose`` and for nothing else.

    Raises:
        NotFoundError: there is no secret for that purpose.
        MasterKeyError: the master key does not open it.
    """
    query = select(server_secrets.c.sealed_secret).where(server_secrets.c.purpose == purpose)
    sealed = connection.execute(query).scalar_one_or_none()
    if sealed is None:
        raise NotFoundError("there is no server secret for this purpose")
    return master_key.open(sealed, purpose=secret_purpose(purpose))


def secret_purpose(purpose: str) -> str:
    """What the server secret for ``purpose`` is sealed for."""
    return f"server secret: {purpose}"
