"""Which algorithms tokens are signed with, and what each API wants.

Revision ID: 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty: the running issuer fills it. An API without a wish has the default, as before."""
    op.create_table(
        "signing_algorithms",
        sa.Column("algorithm", sa.String(32), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.Column("founding", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("algorithm", name="pk_signing_algorithms"),
    )
    op.create_index(
        "uq_signing_algorithms_default",
        "signing_algorithms",
        ["is_default"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.add_column("apis", sa.Column("signing_alg", sa.String(32)))
