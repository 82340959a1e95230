"""The foundation: everything `watchword up` needs.

Revision ID: 0001. Names of constraints are written out in full (``op.f``: not to be completed by the naming
convention, which may change after this file may not).
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables, those first that others point to."""
    _people()
    _access()
    _artefacts()
    _trust()
    _operations()


def _people() -> None:
    op.create_table(
        "subjects",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('user', 'client')", name=op.f("ck_subjects_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_subjects"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("username", sa.String(255), nullable=False),
        sa.Column("email", sa.String(255)),
        sa.Column("email_verified_at", sa.Double()),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("password_changed_at", sa.Double()),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'disabled', 'locked', 'reset')", name=op.f("ck_users_status")),
        sa.ForeignKeyConstraint(["id"], ["subjects.id"], name="fk_users_id"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_table(
        "user_identifiers",
        sa.Column("identifier", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_identifiers_user_id"),
        sa.PrimaryKeyConstraint("identifier", name="pk_user_identifiers"),
    )
    op.create_index("ix_user_identifiers_user_id", "user_identifiers", ["user_id"])
    op.create_table(
        "role_assignments",
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("role", sa.String(255), nullable=False),
        sa.Column("assigned_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_role_assignments_subject_id"),
        sa.PrimaryKeyConstraint("subject_id", "role", name="pk_role_assignments"),
    )
    op.create_table(
        "authentication_contexts",
        sa.Column("acr", sa.String(255), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("methods", sa.JSON(), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("acr", name="pk_authentication_contexts"),
        sa.UniqueConstraint("level", name="uq_authentication_contexts_level"),
    )


def _access() -> None:
    op.create_table(
        "apis",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("identifier", sa.String(512), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("token_lifetime", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(64)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'disabled')", name=op.f("ck_apis_status")),
        sa.PrimaryKeyConstraint("id", name="pk_apis"),
        sa.UniqueConstraint("identifier", name="uq_apis_identifier"),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("profile", sa.String(16), nullable=False),
        sa.Column("auth_method", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(255)),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("post_logout_redirect_uris", sa.JSON(), nullable=False),
        sa.Column("allowed_origins", sa.JSON(), nullable=False),
        sa.Column("grant_types", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("api_scopes", sa.JSON(), nullable=False),
        sa.Column("default_api", sa.String(512)),
        sa.Column("id_token_alg", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("origin IN ('operator', 'dynamic', 'document')", name=op.f("ck_clients_origin")),
        sa.CheckConstraint("profile IN ('oidc', 'oauth2.1', 'mcp', 'fapi2')", name=op.f("ck_clients_profile")),
        sa.CheckConstraint("status IN ('active', 'disabled', 'deleted')", name=op.f("ck_clients_status")),
        sa.ForeignKeyConstraint(["id"], ["subjects.id"], name="fk_clients_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
    )
    op.create_table(
        "consents",
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("granted_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_consents_client_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_consents_user_id"),
        sa.PrimaryKeyConstraint("user_id", "client_id", name="pk_consents"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("cookie_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("auth_time", sa.Double(), nullable=False),
        sa.Column("acr", sa.String(255), nullable=False),
        sa.Column("amr", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("last_seen_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("cookie_hash", name="uq_sessions_cookie_hash"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "client_sessions",
        sa.Column("sid", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_client_sessions_client_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_client_sessions_session_id"),
        sa.PrimaryKeyConstraint("sid", name="pk_client_sessions"),
        sa.UniqueConstraint("session_id", "client_id", name="uq_client_sessions_session_id"),
    )
    op.create_index("ix_client_sessions_client_id", "client_sessions", ["client_id"])
    op.create_index("ix_client_sessions_session_id", "client_sessions", ["session_id"])
    op.create_table(
        "grants",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(64)),
        sa.Column("sid", sa.String(64)),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("nonce", sa.Text()),
        sa.Column("auth_time", sa.Double()),
        sa.Column("acr", sa.String(255)),
        sa.Column("amr", sa.JSON(), nullable=False),
        sa.Column("epochs", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double()),
        sa.Column("revoked_reason", sa.String(64)),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_grants_client_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_grants_session_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_grants_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("id", "client_id", name="uq_grants_id"),
    )
    op.create_index("ix_grants_client_id", "grants", ["client_id"])
    op.create_index("ix_grants_expires_at", "grants", ["expires_at"])
    op.create_index("ix_grants_session_id", "grants", ["session_id"])
    op.create_index("ix_grants_user_id", "grants", ["user_id"])
    op.create_table(
        "login_throttle",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_started_at", sa.Double(), nullable=False),
        sa.Column("blocked_until", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_throttle"),
    )
    op.create_index("ix_login_throttle_expires_at", "login_throttle", ["expires_at"])


def _artefacts() -> None:
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("grant_id", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("redirect_uri_sent", sa.Boolean(), nullable=False),
        sa.Column("code_challenge", sa.String(128)),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_authorization_codes_grant_id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_authorization_codes"),
    )
    op.create_index("ix_authorization_codes_expires_at", "authorization_codes", ["expires_at"])
    op.create_index("ix_authorization_codes_grant_id", "authorization_codes", ["grant_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("grant_id", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.Column("successor_hash", sa.String(64)),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_refresh_tokens_grant_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        sa.UniqueConstraint("successor_hash", name="uq_refresh_tokens_successor_hash"),
    )
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    op.create_index("ix_refresh_tokens_grant_id", "refresh_tokens", ["grant_id"])

    op.create_table(
        "authorization_requests",
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("browser_hash", sa.String(64)),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("authenticated_after", sa.Double()),
        sa.Column("consented", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("completed_at", sa.Double()),
        sa.PrimaryKeyConstraint("id_hash", name="pk_authorization_requests"),
    )
    op.create_index("ix_authorization_requests_expires_at", "authorization_requests", ["expires_at"])
    op.create_table(
        "setup_links",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.PrimaryKeyConstraint("token_hash", name="pk_setup_links"),
    )


def _trust() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(128), nullable=False),
        sa.Column("purpose", sa.String(8), nullable=False),
        sa.Column("algorithm", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=False),
        sa.Column("sealed_private_jwk", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("published_at", sa.Double()),
        sa.Column("activated_at", sa.Double()),
        sa.Column("retiring_at", sa.Double()),
        sa.Column("retired_at", sa.Double()),
        sa.Column("compromised_at", sa.Double()),
        sa.CheckConstraint("purpose IN ('token', 'feed')", name=op.f("ck_signing_keys_purpose")),
        sa.CheckConstraint(
            "state IN ('next', 'active', 'retiring', 'retired', 'compromised')", name=op.f("ck_signing_keys_state")
        ),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
    op.create_index(
        "uq_signing_keys_active",
        "signing_keys",
        ["purpose", "algorithm"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "uq_signing_keys_next",
        "signing_keys",
        ["purpose", "algorithm"],
        unique=True,
        sqlite_where=sa.text("state = 'next'"),
        postgresql_where=sa.text("state = 'next'"),
    )
    op.create_table(
        "epochs",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('subject', 'client', 'all')", name=op.f("ck_epochs_kind")),
        sa.PrimaryKeyConstraint("kind", "value", name="pk_epochs"),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("digest", sa.String(22), nullable=False),
        sa.Column("epoch", sa.BigInteger()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('token', 'grant', 'session', 'key', 'subject', 'client', 'all')", name=op.f("ck_journal_kind")
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_journal"),
    )
    op.create_index("ix_journal_expires_at", "journal", ["expires_at"])
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("journal_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_journal_head_single")),
        sa.PrimaryKeyConstraint("id", name="pk_journal_head"),
    )


def _operations() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("installation_id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("sealed_check", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_single")),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "server_secrets",
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name="pk_server_secrets"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.String(64)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_id", sa.String(128), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("correlation_id", sa.String(64)),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("seal_position", sa.Integer()),
        sa.Column("seal", sa.String(64)),
        sa.CheckConstraint("actor_kind IN ('user', 'client', 'operator', 'system')", name=op.f("ck_audit_actor_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("seal_position", name="uq_audit_seal_position"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_target_id", "audit", ["target_id"])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
