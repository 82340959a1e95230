"""The console signs in as a client of its own issuer, and its playground remembers.

Revision ID: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables; a server of the version before does not look at them."""
    op.create_table(
        "console_sessions",
        sa.Column("cookie_hash", sa.String(64), nullable=False),
        sa.Column("grant_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_console_sessions_grant_id"),
        sa.PrimaryKeyConstraint("cookie_hash", name="pk_console_sessions"),
    )
    op.create_index("ix_console_sessions_grant_id", "console_sessions", ["grant_id"])
    op.create_index("ix_console_sessions_expires_at", "console_sessions", ["expires_at"])
    op.create_table(
        "playground_runs",
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("part", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed_state", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_playground_runs_user_id"),
        sa.PrimaryKeyConstraint("user_id", "part", name="pk_playground_runs"),
    )
