"""How long a busy token endpoint asks to be left alone: ``Retry-After``. No I/O.

https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

BUSY = frozenset({429, 503})
MAX_PATIENCE = 300.0  # seconds: a mistyped date must not stop a service for a day
_MAX_CHARACTERS = 64


def asked_patience(headers: Mapping[str, str], *, now: float) -> float:
    """Seconds, at most `MAX_PATIENCE`; 0 when nothing is asked, or nothing that can be read.

    Args:
        headers: of the answer, asked for by lower-case name.
        now: UTC epoch seconds; a date is compared with it.
    """
    value = headers.get("retry-after", "").strip()
    if not value.isascii() or len(value) > _MAX_CHARACTERS:
        return 0.0
    if value.isdigit():
        return min(float(value), MAX_PATIENCE)
    try:
        date = parsedate_to_datetime(value)
        moment = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(moment - now, 0.0), MAX_PATIENCE)
