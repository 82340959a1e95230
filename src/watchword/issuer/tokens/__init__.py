"""One file for each kind of token; only this package builds an `IssuedToken`."""
