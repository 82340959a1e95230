"""The rules an authorization request must keep, one file each; `issuer.pipeline` says in which order."""
