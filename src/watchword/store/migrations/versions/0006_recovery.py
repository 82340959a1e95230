"""Witnesses against a database that was put back, restores that were acknowledged, and wrapped master keys.

Revision ID: 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, empty: who joins them finds no row of its own and makes one."""
    op.create_table(
        "witnesses",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_witnesses"),
    )
    op.create_index("ix_witnesses_seen_at", "witnesses", ["seen_at"])
    op.create_table(
        "restores",
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("journal_id", sa.String(64), nullable=False),
        sa.Column("acknowledged_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("generation", name="pk_restores"),
    )
    op.create_table(
        "wrapped_master_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("key_reference", sa.String(512), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wrapped_master_keys"),
    )
    op.create_index("ix_wrapped_master_keys_created_at", "wrapped_master_keys", ["created_at"])
