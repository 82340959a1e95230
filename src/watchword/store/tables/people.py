"""Users, how they are found, what they hold, and where they are signed in."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from watchword.store.tables.metadata import metadata

# Users and clients share one namespace, so that a client can never be taken for a user
# (RFC 9068 section 5: https://www.rfc-editor.org/rfc/rfc9068#section-5). Rows are never deleted: an id is never
# given out twice.
subjects = Table(
    "subjects",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("created_at", Double, nullable=False),
    CheckConstraint("kind IN ('user', 'client')", name="kind"),
)

users = Table(
    "users",
    metadata,
    Column("id", String(64), ForeignKey("subjects.id"), primary_key=True),
    Column("username", String(255), nullable=False),
    Column("email", String(255)),
    Column("email_verified_at", Double),
    # Standard claims of OpenID Connect Core section 5.1 (name, given_name, phone_number, address ...).
    Column("claims", JSON, nullable=False),
    Column("password_hash", String(255)),
    Column("password_changed_at", Double),
    Column("status", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    CheckConstraint("status IN ('active', 'disabled', 'locked', 'reset')", name="status"),
)

# What a person may type to say who they are: user name and e-mail, folded. One table, one unique key, so that
# nobody's user name can be somebody else's e-mail.
user_identifiers = Table(
    "user_identifiers",
    metadata,
    Column("identifier", String(255), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
)

role_assignments = Table(
    "role_assignments",
    metadata,
    Column("subject_id", String(64), ForeignKey("subjects.id"), primary_key=True),
    Column("role", String(255), primary_key=True),
    Column("assigned_at", Double, nullable=False),
)

# The acr registry: what a value of `acr` promises, and the factors (`amr`) that must have been used for it.
authentication_contexts = Table(
    "authentication_contexts",
    metadata,
    Column("acr", String(255), primary_key=True),
    Column("level", Integer, nullable=False, unique=True),
    Column("methods", JSON, nullable=False),
    Column("description", String(255), nullable=False),
)

# One user in one browser at the issuer.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("cookie_hash", String(64), nullable=False, unique=True),
    Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
    Column("auth_time", Double, nullable=False),
    Column("acr", String(255), nullable=False),
    Column("amr", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("ended_at", Double),
)

# One session x one client; its random id is the claim `sid`.
client_sessions = Table(
    "client_sessions",
    metadata,
    Column("sid", String(64), primary_key=True),
    Column("session_id", String(64), ForeignKey("sessions.id"), nullable=False, index=True),
    Column("client_id", String(64), ForeignKey("clients.id"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("session_id", "client_id"),
)

# Failures only: a sign-in that succeeds consumes nothing. `key` is a keyed digest of an account or an address.
login_throttle = Table(
    "login_throttle",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("window_started_at", Double, nullable=False),
    Column("blocked_until", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)
