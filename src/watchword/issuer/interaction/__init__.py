"""The pages in which a user signs in, consents and signs out: plain HTML forms that need no JavaScript."""
