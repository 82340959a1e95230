"""Being signed in for the length of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from watchword.verify.errors import TokenMissingError
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection
from watchword.verify.testing.fake_issuer import DEFAULT_SUBJECT, active_issuer


@contextmanager
def signed_in(subject: str = DEFAULT_SUBJECT, **token: Any) -> Iterator[str]:
    """Every request that shows no token shows one of ``subject`` while this lasts.

    The token is a real one and is verified as any other: it can lack a scope, expire and be revoked.

    Args:
        subject: who is signed in.
        token: as for `FakeIssuer.token`.

    Returns:
        The token.

    Raises:
        VerifierSettingsError: no `FakeIssuer` is active.
    """
    shown = active_issuer().token(subject, **token)
    present = Protection.present

    def present_instead(protection: Protection, **request: Any) -> PresentedToken:
        try:
            return present(protection, **request)
        except TokenMissingError:
            return present(protection, **{**request, "authorization": ["Bearer " + shown]})

    setattr(Protection, "present", present_instead)  # noqa: B010  a method of everybody's, for a while
    try:
        yield shown
    finally:
        setattr(Protection, "present", present)  # noqa: B010  the same
