"""Withdrawing trust, and telling every verifier: docs/protocol/revocation.md."""
