"""Being signed in for the length of a block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from watchword.verify.errors import TokenMissingError
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection
from watchword.verify.testing.replaced_methods import ReplacedMethod


class _Shown:
    def __init__(self, token: str) -> None:
        self.authorization = ["Bearer " + token]


def _present(present: Callable[..., PresentedToken], protection: Protection, **request: Any) -> PresentedToken:
    try:
        return present(protection, **request)
    except TokenMissingError:
        shown: tuple[_Shown, ...] = _presenting.listed
        if not shown:  # the block has just been left
            raise
        return present(protection, **{**request, "authorization": shown[-1].authorization})


_presenting = ReplacedMethod(Protection, "present", _present)


@contextmanager
def shown_everywhere(token: str) -> Iterator[str]:
    """Every request of the process that shows no token shows ``token``; of several blocks the one entered last."""
    shown = _Shown(token)
    _presenting.add(shown)
    try:
        yield token
    finally:
        _presenting.remove(shown)


@contextmanager
def signed_in(subject: str = "alice", **token: Any) -> Iterator[str]:
    """`FakeIssuer.signed_in` of the issuer that was started last; also a decorator for test functions.

    Raises:
        VerifierSettingsError: none is active.
    """
    from watchword.verify.testing.fake_issuer import active_issuer  # noqa: PLC0415  it has this as a method

    with active_issuer().signed_in(subject, **token) as shown:
        yield shown
