"""Watchword: JWT authentication for Python teams, whole.

The flow is the architecture. Data moves one way, and each stage's exit has a type of its own:

1. ``watchword.authn``    credentials            -> ``Authentication``   (who, how, when)
2. ``watchword.issuer``   authentication + grant -> ``IssuedToken``      (a signed JWT)
3. ``watchword.verify``   HTTP request           -> ``PresentedToken``   (nothing trusted)
4. ``watchword.verify``   signature and claims   -> ``VerifiedClaims``   (trusted identity)
5. ``watchword.policy``   identity + action      -> ``Decision``         (allow or deny, with reasons)

A service needs only ``watchword.verify`` and the file of its framework, for example ``watchword.fastapi``.
Importing this package loads nothing else.
"""

__version__ = "0.1.0"
