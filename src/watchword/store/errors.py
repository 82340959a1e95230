"""What can go wrong with records at rest.

StoreError
├── StoreUnavailableError   the database does not answer, is full or is overloaded: 503 and Retry-After
├── SchemaBehindError       the schema is older than the one this version needs
├── SchemaAheadError        the schema is newer, and says that this version must not touch it
├── MasterKeyError          the master key is lost, wrong or readable by others
├── WitnessError            the witness file cannot be read, written or believed
├── RestoredError           the database is an older copy of itself: nothing may be served from it
└── NotFoundError           no such record
"""

from typing import ClassVar

from watchword.errors import WatchwordError


class StoreError(WatchwordError):
    """Records at rest cannot be used as asked."""

    code: ClassVar[str] = "store_error"


class StoreUnavailableError(StoreError):
    """The database does not answer in time; trying again later is the right thing to do."""

    code: ClassVar[str] = "store_unavailable"


class SchemaBehindError(StoreError):
    """The schema of the database is older than the one this version of Watchword works with."""

    code: ClassVar[str] = "schema_behind"


class SchemaAheadError(StoreError):
    """The schema of the database is newer than this version of Watchword, and does not allow it."""

    code: ClassVar[str] = "schema_ahead"


class MasterKeyError(StoreError):
    """The master key does not fit, or cannot be trusted."""

    code: ClassVar[str] = "master_key"


class WitnessError(StoreError):
    """The file that remembers how far the database had come cannot be read, written or believed."""

    code: ClassVar[str] = "witness"


class RestoredError(StoreError):
    """The database is older than what was last seen of it: what was withdrawn since is good in it again."""

    code: ClassVar[str] = "restored"


class NotFoundError(StoreError):
    """There is no such record."""

    code: ClassVar[str] = "not_found"
