"""APIs, clients, consents and grants: who may ask for what."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from watchword.store.tables.metadata import metadata

# A protected resource (RFC 8707). `scopes` is a list of {"name", "description"}; `signing_alg` signs its
# access tokens, the ring's default where it is null; with `status_list` they name a place in a Token Status List.
apis = Table(
    "apis",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("identifier", String(512), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("token_lifetime", Integer, nullable=False),
    Column("secret_hash", String(64)),
    Column("signing_alg", String(32)),
    Column("status_list", Boolean, nullable=False, server_default=false()),
    Column("status", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    CheckConstraint("status IN ('active', 'disabled')", name="status"),
)

# Lists are JSON arrays of strings. `origin` says who made the client: those the operator made skip the consent
# page, no other ever does. `api_scopes` maps an API's identifier to the scopes the client may have there for itself
# (client credentials); scopes a user may grant are `scopes`.
clients = Table(
    "clients",
    metadata,
    Column("id", String(64), ForeignKey("subjects.id"), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("profile", String(16), nullable=False),
    Column("auth_method", String(64), nullable=False),
    Column("secret_hash", String(255)),
    Column("redirect_uris", JSON, nullable=False),
    Column("post_logout_redirect_uris", JSON, nullable=False),
    Column("allowed_origins", JSON, nullable=False),
    Column("grant_types", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("api_scopes", JSON, nullable=False),
    Column("default_api", String(512)),
    Column("id_token_alg", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    CheckConstraint("origin IN ('operator', 'dynamic', 'document')", name="origin"),
    CheckConstraint("profile IN ('oidc', 'oauth2.1', 'mcp', 'fapi2')", name="profile"),
    CheckConstraint("status IN ('active', 'disabled', 'deleted')", name="status"),
)

# `scopes` is every scope that the user allowed anywhere, a list; `resources` maps each resource to the scopes allowed
# there, those allowed without any resource under the empty text (store/repositories/consents.py).
consents = Table(
    "consents",
    metadata,
    Column("user_id", String(64), ForeignKey("users.id"), primary_key=True),
    Column("client_id", String(64), ForeignKey("clients.id"), primary_key=True),
    Column("scopes", JSON, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("granted_at", Double, nullable=False),
)

# One authorization; its id is the claim `gid`, and the family of its refresh tokens. `resources` are API
# identifiers; `epochs` is [subject, client, all] as in force when the grant was made (claim `ww_epoch`).
# `sid` is null for grants that outlive the session (offline_access).
grants = Table(
    "grants",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.id"), index=True),
    Column("client_id", String(64), ForeignKey("clients.id"), nullable=False, index=True),
    Column("session_id", String(64), ForeignKey("sessions.id"), index=True),
    Column("sid", String(64)),
    Column("offline", Boolean, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("nonce", Text),
    Column("auth_time", Double),
    Column("acr", String(255)),
    Column("amr", JSON, nullable=False),
    Column("epochs", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("revoked_at", Double),
    Column("revoked_reason", String(64)),
    UniqueConstraint("id", "client_id"),
    Index(
        "ix_grants_revoked_at",
        "revoked_at",
        sqlite_where=text("revoked_at IS NOT NULL"),
        postgresql_where=text("revoked_at IS NOT NULL"),
    ),
)
