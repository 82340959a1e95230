"""Step 2: the OpenID Provider and OAuth 2.1 authorization server."""
