"""What is withdrawn, as Token Status Lists tell it: for issuers that announce no feed of ours.

https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/

reference.py   where a token says that its status is
list_token.py  a signed list, or its refusal; no I/O
reader.py      lists, fetched and kept for as long as they may be
"""
