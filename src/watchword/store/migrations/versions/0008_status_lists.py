"""Token Status Lists, for the APIs that want them.

Revision ID: 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, empty, and have no API want them: a server of the version before goes on as it did. The index
    finds the grants that were revoked lately.
    """
    op.add_column("apis", sa.Column("status_list", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "status_lists",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("api_id", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["api_id"], ["apis.id"], name="fk_status_lists_api_id"),
        sa.PrimaryKeyConstraint("id", name="pk_status_lists"),
    )
    op.create_index("ix_status_lists_api_id", "status_lists", ["api_id"])
    op.create_table(
        "status_entries",
        sa.Column("list_id", sa.String(64), nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("api_id", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("grant_id", sa.String(64)),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("kid", sa.String(128), nullable=False),
        sa.Column("subject_epoch", sa.BigInteger(), nullable=False),
        sa.Column("client_epoch", sa.BigInteger(), nullable=False),
        sa.Column("all_epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("withdrawn_at", sa.Double()),
        sa.ForeignKeyConstraint(["list_id"], ["status_lists.id"], name="fk_status_entries_list_id"),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_status_entries_grant_id"),
        sa.PrimaryKeyConstraint("list_id", "idx", name="pk_status_entries"),
    )
    op.create_index("ix_status_entries_expires_at", "status_entries", ["expires_at"])
    op.create_index(
        "uq_status_entries_open",
        "status_entries",
        ["holder", "api_id", "kid", "subject_epoch", "client_epoch", "all_epoch"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index(
        "ix_grants_revoked_at",
        "grants",
        ["revoked_at"],
        sqlite_where=sa.text("revoked_at IS NOT NULL"),
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
