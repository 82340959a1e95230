"""An index by which one entry of a long journal is found.

Revision ID: 0007.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_index("ix_journal_kind_digest", "journal", ["kind", "digest"])
