"""The master key of an installation that a key management service wraps: unwrapped at a start, made once.

It is never made at a start: an installation whose wrapped key is missing, or whose service does not answer, does not
start. Only `watchword migrate` makes one, for a new installation or for one that is about to leave its key file.
"""

import asyncio

from sqlalchemy import Connection

from watchword.admin.desk import OPERATOR
from watchword.store.engine import Store
from watchword.store.errors import MasterKeyError
from watchword.store.identifiers import new_id
from watchword.store.key_providers import KeyProvider
from watchword.store.repositories import wrapped_master_keys
from watchword.store.repositories.audit import AuditEntry, record
from watchword.store.repositories.installation import check_master_key, initialise
from watchword.store.repositories.wrapped_master_keys import WrappedMasterKey, context_of
from watchword.store.sealing import MasterKey


async def unwrap(store: Store, provider: KeyProvider) -> MasterKey:
    """The installation's master key, as ``provider`` gives it out.

    Raises:
        MasterKeyError: the service refuses or does not answer, or it has wrapped no key for this installation.
    """
    key = await store.read(lambda connection: wrapped_master_keys.find(connection, provider.name))
    if key is None:
        raise MasterKeyError(f"no master key was wrapped by `{provider.name}` yet: run `watchword migrate`")
    return MasterKey(await asyncio.to_thread(provider.unwrap, key.wrapped, key.context))


async def ensure(
    store: Store, provider: KeyProvider, *, issuer: str, previous: MasterKey | None, now: float
) -> MasterKey:
    """Make an installation under a wrapped key, or give one that leaves its key file a wrapped key to move to.

    Args:
        store: a migrated database.
        provider: the service.
        issuer: the issuer's URL.
        previous: the key that an existing installation is sealed under; None where it is not leaving one.
        now: UTC epoch seconds.

    Returns:
        The master key, with ``previous`` beside it.

    Raises:
        MasterKeyError: the service refuses or does not answer; or it is an installation under another key.
    """
    known, name = await store.read(
        lambda connection: (
            wrapped_master_keys.find(connection, provider.name),
            wrapped_master_keys.installation_id(connection),
        )
    )
    if known is not None:
        plain = MasterKey(await asyncio.to_thread(provider.unwrap, known.wrapped, known.context))
        key = plain if previous is None else plain.beside(previous)
        await store.write(lambda connection: initialise(connection, issuer=issuer, master_key=key, now=now))
        return key
    if name is not None and previous is None:
        raise MasterKeyError("the installation has another master key: name its file in keys.previous_master_key_file")
    if name is not None and previous is not None:
        old = previous
        await store.read(lambda connection: check_master_key(connection, old))
    return await _make(store, provider, issuer=issuer, name=name, previous=previous, now=now)


async def _make(
    store: Store, provider: KeyProvider, *, issuer: str, name: str | None, previous: MasterKey | None, now: float
) -> MasterKey:
    called, key_id = name or new_id(), new_id()
    data_key = await asyncio.to_thread(provider.generate, context_of(called, key_id))
    wrapped = WrappedMasterKey(key_id, called, provider.name, provider.key_reference, data_key.wrapped)
    # Opened once before anything is sealed under it: the service's word is not enough.
    plain = MasterKey(await asyncio.to_thread(provider.unwrap, wrapped.wrapped, wrapped.context))
    key = plain if previous is None else plain.beside(previous)

    def job(connection: Connection) -> None:
        if wrapped_master_keys.find(connection, provider.name) is not None:
            raise MasterKeyError("another process wrapped a master key at the same time: run the command again")
        initialise(connection, issuer=issuer, master_key=key, now=now, installation_id=called)
        wrapped_master_keys.add(connection, wrapped, now=now)
        details = {"provider": provider.name, "key": provider.key_reference}
        record(connection, AuditEntry(now, OPERATOR, "issuer.key_wrapped", "issuer", key_id, details))

    await store.write(job)
    return key
