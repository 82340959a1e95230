"""Outbound HTTP: the one guarded door to addresses the operator configured.

No redirects, no proxies or credentials from the environment, no decompression, a cap on bytes and a deadline for the
whole exchange, however slowly it drips (THREATS J86-J88, R30). https only; plain http to this machine, or
elsewhere after ``danger_allow_http=True``.

Addresses that a fetched document names on another host than the operator's are `HOSTILE`: https only, and the host
must resolve to public addresses alone, one of which is then connected to (THREATS J87).
"""

from watchword.fetch.address import HOSTILE, TRUSTED, FetchError, Policy, check_url, is_loopback, is_public
from watchword.fetch.documents import (
    Answer,
    Document,
    Reply,
    aget_bytes,
    aget_json,
    apost_form,
    get_bytes,
    get_json,
    post_form,
)
from watchword.fetch.exchange import prepare
from watchword.fetch.in_process import InProcessAnswer, InProcessRequest, danger_answer_in_process
from watchword.fetch.stream import Stream, open_stream

__all__ = [
    "HOSTILE",
    "TRUSTED",
    "Answer",
    "Document",
    "FetchError",
    "InProcessAnswer",
    "InProcessRequest",
    "Policy",
    "Reply",
    "Stream",
    "aget_bytes",
    "aget_json",
    "apost_form",
    "check_url",
    "danger_answer_in_process",
    "get_bytes",
    "get_json",
    "is_loopback",
    "is_public",
    "open_stream",
    "post_form",
    "prepare",
]
