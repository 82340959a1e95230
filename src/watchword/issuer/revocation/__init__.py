"""Withdrawing trust, and telling every verifier: docs/protocol/revocation.md, the writer's half.

withdraw.py       the effect, its audit row and its journal rows
messages.py       the claims of a snapshot and of a batch; no I/O
feed.py           both, signed, the same bytes for everybody
briefly_kept.py   work that is done once for all who ask at about the same time
event_stream.py   what one reader is pushed
streams.py        every open stream: how many, who tells them, when they end
status_place.py   where a token stands in a Token Status List
status_lists.py   those lists, computed and signed
place.py          where a reader says it stands
"""
