"""Points in time, as people and programs read them."""

from datetime import UTC, datetime


def moment(seconds: float | None) -> str:
    """``seconds`` since the UTC epoch as ``2026-11-23 20:15:00Z``; a dash for never."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
