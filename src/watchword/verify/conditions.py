"""Rules of the service's own, in plain Python.

is_owner = requires(lambda claims, order: order.owner == claims.sub, name="owner")
is_owner(claims, order)                                    # ConditionError, or the claims

verifier.verify(token, require=[requires(lambda claims: not claims.is_client, name="person")])
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutine
from typing import Any

from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import ConditionError


@dataclass(frozen=True, slots=True)
class Condition:
    """A function that says of verified claims, and of what else it is called with, whether a request may go on.

    With nothing but claims to look at it is a requirement like any other. Whatever the function raises is a mistake
    in it and is not caught.
    """

    function: Callable[..., bool]
    name: str

    def __call__(self, claims: VerifiedClaims, *context: Any, **named_context: Any) -> VerifiedClaims:
        """``claims``, if the function says True.

        Raises:
            ConditionError: it says False.
            TypeError: it says neither; what merely counts as true or false is taken for a mistake.
        """
        verdict: object = self.function(claims, *context, **named_context)
        if verdict is True:
            return claims
        if verdict is not False:
            if iscoroutine(verdict):
                verdict.close()
            raise TypeError(f"the condition `{self.name}` returns True or False, and nothing that counts as one")
        raise ConditionError(f"the condition `{self.name}` is not fulfilled", required=[self.name], missing=[self.name])

    def check(self, claims: VerifiedClaims, *, now: float) -> None:
        """See `Requirement.check`."""
        del now
        self(claims)


def requires(function: Callable[..., bool], name: str | None = None) -> Condition:
    """``function`` as a condition; also a decorator.

    Args:
        function: takes the verified claims and whatever the condition is called with; returns True or False.
        name: what a refusal says was not fulfilled, and the caller of the service sees; the function's own name
            unless given.

    Raises:
        TypeError: ``function`` cannot be called.
    """
    if not callable(function):
        raise TypeError("a condition is a function")
    own_name = getattr(function, "__name__", "")
    return Condition(function, name or (own_name if own_name.isidentifier() else "condition"))
