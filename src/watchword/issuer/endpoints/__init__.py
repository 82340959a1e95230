"""One file for each endpoint of the issuer."""
