"""What the user might type to sign in: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"""

from watchword.issuer.checks.draft import Draft

MAX_LENGTH = 254


async def check_login_hint(draft: Draft) -> None:
    """Keep the hint for the login form. It proves nothing, so a senseless one is no error."""
    hint = draft.parameters.get("login_hint") or ""
    draft.login_hint = hint if len(hint) <= MAX_LENGTH and hint.isprintable() else ""
