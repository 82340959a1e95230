"""Each process loads the dialect of its own database."""

import subprocess
import sys


def test_neither_dialect_is_loaded_before_it_is_needed() -> None:
    """ARCHITECTURE, imports are a budget: PostgreSQL's costs a tenth of a second that SQLite has no use for."""
    program = (
        "import sys, watchword.store.repositories.inserting\n"
        "print([name for name in sys.modules if name.startswith(('sqlalchemy.dialects.postgresql', 'asyncpg'))])"
    )
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"
