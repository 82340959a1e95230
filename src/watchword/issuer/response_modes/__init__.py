"""How the answer to an authorization request travels; one file each, and one line here."""

from watchword.issuer.response_modes.query import QUERY, ResponseMode

RESPONSE_MODES: tuple[ResponseMode, ...] = (QUERY,)

__all__ = ["RESPONSE_MODES", "ResponseMode"]
