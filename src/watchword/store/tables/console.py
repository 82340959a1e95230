"""Who is signed in to the console, and what its playground remembers."""

from sqlalchemy import Column, Double, ForeignKey, Integer, LargeBinary, String, Table

from watchword.store.tables.metadata import metadata

# One sign-in of the console, which is a client of its own issuer like any other. It says nothing by itself: it is as
# good as its grant, the grant's session, its user and their role are now.
console_sessions = Table(
    "console_sessions",
    metadata,
    Column("cookie_hash", String(64), primary_key=True),
    Column("grant_id", String(64), ForeignKey("grants.id"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

# What a user has reached in one part of the playground: made APIs and clients, requests and their answers. Tokens and
# secrets are among it, so it is sealed. `version` grows with each change: of two tabs one is told to look again.
playground_runs = Table(
    "playground_runs",
    metadata,
    Column("user_id", String(64), ForeignKey("users.id"), primary_key=True),
    Column("part", String(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sealed_state", LargeBinary, nullable=False),
    Column("updated_at", Double, nullable=False),
)
