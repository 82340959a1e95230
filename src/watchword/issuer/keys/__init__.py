"""The ring of signing keys: next -> active -> retiring -> retired, or compromised from any of them."""
