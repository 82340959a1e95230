"""Entries of the journal that can refuse nothing any more are deleted (docs/protocol/revocation.md).

No reader depends on when. The head never moves; a snapshot leaves expired entries out whether they are there or not; a
reader that stands before a deleted entry is told to take a snapshot. Epochs stay: a refresh token that carries a lower
one may live on for a month.
"""

from functools import partial

from watchword.store.engine import Store
from watchword.store.repositories import journal

AT_ONCE = 1000  # rows in one transaction: whoever withdraws trust waits for no longer one


async def prune(store: Store, *, before: float) -> int:
    """Delete what expired before then (UTC epoch seconds); several processes may do so at once.

    Returns:
        How many rows this call deleted.

    Raises:
        StoreUnavailableError: the database does not answer.
    """
    pruned = 0
    while True:
        numbers = await store.read(partial(journal.expired, before=before, limit=AT_ONCE))
        if numbers:
            pruned += await store.write(partial(journal.delete, numbers=numbers))
        if len(numbers) < AT_ONCE:
            return pruned
