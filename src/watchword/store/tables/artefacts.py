"""Things that are used once. Each kind has its own table, so that none can be taken for another (O23)."""

from sqlalchemy import JSON, Boolean, Column, Double, ForeignKey, Integer, String, Table, Text

from watchword.store.tables.metadata import metadata

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("grant_id", String(64), ForeignKey("grants.id"), nullable=False, index=True),
    Column("client_id", String(64), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    # RFC 6749 section 4.1.3: the token request must repeat it if the authorization request carried it.
    Column("redirect_uri_sent", Boolean, nullable=False),
    Column("code_challenge", String(128)),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("used_at", Double),
)

# A row for each refresh token of a grant. The successor's text is derived by HMAC from its parent's, so that a lost
# answer can be repeated without storing a token; `successor_hash` names it.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("grant_id", String(64), ForeignKey("grants.id"), nullable=False, index=True),
    Column("client_id", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("used_at", Double),
    Column("successor_hash", String(64), unique=True),
)

# An authorization request on its way through login and consent, kept here and not in the browser (O14).
# `browser_hash` binds it to the browser that began it.
authorization_requests = Table(
    "authorization_requests",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("browser_hash", String(64)),
    Column("parameters", JSON, nullable=False),
    Column("client_id", String(64), nullable=False),
    Column("authenticated_after", Double),
    Column("consented", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("completed_at", Double),
)

# The link that makes the first administrator: once, for fifteen minutes.
setup_links = Table(
    "setup_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
)
