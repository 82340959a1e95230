"""What the issuer has withdrawn, mirrored here: docs/protocol/revocation.md, the reader's half.

marks.py         what of a token may have been withdrawn
mirror.py        what has been withdrawn, message by message; no I/O
message.py       a signed message of the feed, or its refusal
announcement.py  where the feed is
feed.py          one exchange with the feed
pace.py          when the next exchange is due; no I/O
push.py          what is pushed: server-sent events
event_stream.py  the text of server-sent events; no I/O
reader.py        `JournalReader`: all of these together, for the verifier
"""
