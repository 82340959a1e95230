"""What the schema says of older code: whether that may go on running on it.

Revision ID: 0009.
"""

import sqlalchemy as sa
from alembic import op

from watchword.store.migrations.window import state_window

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; code from before it does not look, so nothing older is named."""
    op.create_table(
        "schema_compatibility",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.String(32), nullable=False),
        sa.Column("oldest_code", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schema_compatibility"),
        sa.CheckConstraint("id = 1", name="single"),
    )
    state_window(op.get_bind(), revision=revision, oldest_code=revision)
