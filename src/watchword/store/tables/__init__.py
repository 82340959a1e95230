"""The schema, one file for each concern; all tables hang on one ``metadata``.

Times are UTC epoch seconds (double precision). Identifiers are random (`store.identifiers.new_id`).
Whatever lets its bearer in is stored as SHA-256 only (columns that end in ``_hash``) or sealed
(columns that start with ``sealed_``).
"""

from watchword.store.tables.access import apis, clients, consents, grants
from watchword.store.tables.artefacts import (
    authorization_codes,
    authorization_requests,
    refresh_tokens,
    setup_links,
)
from watchword.store.tables.console import console_sessions, playground_runs
from watchword.store.tables.metadata import metadata
from watchword.store.tables.operations import audit, installation, leases, outbox, schema_compatibility, server_secrets
from watchword.store.tables.people import (
    authentication_contexts,
    client_sessions,
    login_throttle,
    role_assignments,
    sessions,
    subjects,
    user_identifiers,
    users,
)
from watchword.store.tables.recovery import restores, witnesses, wrapped_master_keys
from watchword.store.tables.status import status_entries, status_lists
from watchword.store.tables.trust import epochs, journal, journal_head, signing_algorithms, signing_keys

__all__ = [
    "apis",
    "audit",
    "authentication_contexts",
    "authorization_codes",
    "authorization_requests",
    "client_sessions",
    "clients",
    "consents",
    "console_sessions",
    "epochs",
    "grants",
    "installation",
    "journal",
    "journal_head",
    "leases",
    "login_throttle",
    "metadata",
    "outbox",
    "playground_runs",
    "refresh_tokens",
    "restores",
    "role_assignments",
    "schema_compatibility",
    "server_secrets",
    "sessions",
    "setup_links",
    "signing_algorithms",
    "signing_keys",
    "status_entries",
    "status_lists",
    "subjects",
    "user_identifiers",
    "users",
    "witnesses",
    "wrapped_master_keys",
]
