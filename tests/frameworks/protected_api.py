"""The API that every framework serves in the behaviour suite, and how its answers are compared.

- read: needs the scope `orders:read`, and answers whom the token speaks for
- write: needs `orders:read` and `orders:write`
- admin: needs the role `admin`
- recent: needs a sign-in of the kind `urn:example:mfa` within 300 seconds
- person: needs a person: a condition in plain Python
- owner: decides in the handler that the order is another's, and raises `ConditionError`
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify.conditions import requires
from watchword.verify.protection import Needs, ProtectionOptions
from watchword.verify.requirements import Requirement

NOW = 1_790_000_000
ISSUER = "https://auth.example.com"
API = "https://api.example.com"
KEY = Key.generate("ES256")

is_person = requires(lambda claims: not claims.is_client, name="person")
is_owner = requires(lambda claims, order: order["owner"] == claims.sub, name="owner")
ANOTHERS_ORDER = {"owner": "somebody-else"}


@dataclass(frozen=True)
class Operation:
    """One operation, and what it asks of a token."""

    name: str
    needs: Needs
    conditions: tuple[Requirement, ...] = ()


OPERATIONS = (
    Operation("read", {"scopes": ["orders:read"]}),
    Operation("write", {"scopes": ["orders:read", "orders:write"]}),
    Operation("admin", {"roles": ["admin"]}),
    Operation("recent", {"acr_values": ["urn:example:mfa"], "max_age": 300}),
    Operation("person", {}, (is_person,)),
    Operation("owner", {}),
)


@dataclass(frozen=True)
class Call:
    """One request: headers as they are sent, and the query."""

    operation: str = "read"
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: the HTTP status, or the one that the framework's own verdict stands for.
        told: ``WWW-Authenticate`` and the like, by lower-case name.
        body: the JSON body, where there is one.
        everything: all that was sent back, as text.
    """

    status: int
    told: dict[str, str] = field(default_factory=dict)
    body: Any = None
    everything: str = ""


Caller = Callable[[Call], Answer]


class Driver(Protocol):
    """One framework: serves the API with a protection of these options, and is called over and over."""

    @property
    def name(self) -> str:
        """The framework, as test ids call it."""
        ...

    @property
    def statuses(self) -> dict[int, int]:
        """What stands for an HTTP status where the framework cannot say it; those not listed stand for themselves."""
        ...

    @property
    def tells(self) -> frozenset[str]:
        """What reaches the caller of a refusal: of ``challenge``, ``body``, ``retry``."""
        ...

    @property
    def target(self) -> str:
        """The method and path of an operation, with ``{}`` for its name: what a DPoP proof is made for."""
        ...

    @property
    def can(self) -> frozenset[str]:
        """What else it can do, of `ABILITIES`."""
        ...

    def serve(self, **options: Any) -> AbstractContextManager[Caller]:
        """The API, protected with ``options`` of `ProtectionOptions`."""
        ...


HTTP_TELLS = frozenset({"challenge", "body", "retry"})
ABILITIES = frozenset({"query", "two headers", "refuse in the handler", "dpop"})


def protected(clock: SettableClock, **changes: Any) -> ProtectionOptions:
    """The options under which most of the suite runs: no network, a clock that stands."""
    options: Any = {"issuer": ISSUER, "audience": API, "keys": KeySet([KEY.public()]), "clock": clock, **changes}
    return options  # type: ignore[no-any-return]
