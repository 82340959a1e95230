"""Records at rest: SQLAlchemy Core statements on SQLite or PostgreSQL. Knows no tokens."""
