"""Which algorithms the ring holds: added, they are published long before they sign; removed, they retire in order."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from watchword.failpoints import failpoint
from watchword.issuer.keys.rotation import KeyStepError, entry
from watchword.issuer.keys.slots import Slot
from watchword.jose.algorithms import ASYMMETRIC
from watchword.store.repositories import signing_algorithms, signing_keys
from watchword.store.repositories.audit import SYSTEM, Actor, AuditEntry, record
from watchword.store.repositories.signing_algorithms import SigningAlgorithm

_NAMED = 3  # so many of those who need an algorithm are named


def found(connection: Connection, algorithms: Iterable[str], *, default: str, now: float) -> None:
    """Write down what a new installation begins with; nothing when there is something already.

    Args:
        connection: the caller's transaction.
        algorithms: their names.
        default: the one of access tokens whose API chooses none.
        now: UTC epoch seconds.
    """
    if signing_algorithms.list_all(connection):
        return
    known = [key for key in signing_keys.list_all(connection) if key.purpose == "token"]
    for algorithm in algorithms:
        # Beside keys that are in use already (an upgrade), whatever is new waits as anything added later does.
        is_first = not known or any(key.algorithm == algorithm for key in known)
        signing_algorithms.add(
            connection,
            SigningAlgorithm(algorithm=algorithm, added_at=now, founding=is_first, is_default=algorithm == default),
        )
        record(connection, _entry("key.algorithm_added", algorithm, now=now, actor=SYSTEM))


def add(connection: Connection, algorithm: str, *, now: float, actor: Actor) -> bool:
    """Let the ring hold ``algorithm`` too; its first key is published by the next step, and signs later.

    Returns:
        Whether it is new.

    Raises:
        KeyStepError: there is no such algorithm, or it needs a secret that verifiers would have to share.
    """
    if algorithm not in ASYMMETRIC:
        raise KeyStepError(f"tokens are signed with one of {', '.join(ASYMMETRIC)}")
    if signing_algorithms.find(connection, algorithm) is not None:
        return False
    signing_algorithms.add(
        connection, SigningAlgorithm(algorithm=algorithm, added_at=now, founding=False, is_default=False)
    )
    record(connection, _entry("key.algorithm_added", algorithm, now=now, actor=actor))
    failpoint("keys.add_algorithm.before_commit")
    return True


def remove(connection: Connection, algorithm: str, *, now: float, actor: Actor) -> None:
    """Sign nothing more with ``algorithm``; its keys stay published until their last token has ended.

    Raises:
        KeyStepError: the ring does not hold it, or something needs it.
    """
    held = signing_algorithms.find(connection, algorithm)
    if held is None:
        raise KeyStepError(f"no tokens are signed with {algorithm}")
    if held.is_default:
        raise KeyStepError(f"{algorithm} signs the access tokens of every API that chose no other: let another do so")
    of_apis = signing_algorithms.chosen_by_apis(connection).get(algorithm, [])
    of_clients = signing_algorithms.chosen_by_clients(connection).get(algorithm, [])
    if of_apis or of_clients:
        raise KeyStepError(f"{algorithm} is needed by {_told(of_apis, 'API')}{_told(of_clients, 'client', of_apis)}")
    signing_algorithms.remove(connection, algorithm)
    record(connection, _entry("key.algorithm_removed", algorithm, now=now, actor=actor))
    slot = Slot("token", algorithm)
    active = signing_keys.find_in_state(connection, *slot, "active")
    if active is not None and signing_keys.move(connection, active.kid, expected="active", to="retiring", now=now):
        record(connection, entry("key.retiring", active.kid, slot, now=now, actor=actor))
    successor = signing_keys.find_in_state(connection, *slot, "next")
    # It has signed nothing, so nobody waits for its tokens to end.
    if successor is not None and signing_keys.move(connection, successor.kid, expected="next", to="retired", now=now):
        record(connection, entry("key.retired", successor.kid, slot, now=now, actor=actor))
    failpoint("keys.remove_algorithm.before_commit")


def make_default(connection: Connection, algorithm: str, *, now: float, actor: Actor) -> None:
    """Let ``algorithm`` sign the access tokens of every API that chose no other.

    Raises:
        KeyStepError: it does not sign, or not yet.
    """
    require_signing(connection, algorithm)
    signing_algorithms.make_default(connection, algorithm)
    record(connection, _entry("key.algorithm_default", algorithm, now=now, actor=actor))


def require_signing(connection: Connection, algorithm: str) -> None:
    """Make sure that ``algorithm`` can be chosen: that a key of the ring signs with it now.

    Raises:
        KeyStepError: none does, or none does yet.
    """
    if signing_algorithms.find(connection, algorithm) is None:
        held = [one.algorithm for one in signing_algorithms.list_all(connection)]
        raise KeyStepError(f"tokens are signed with {_listed(held)}; add {algorithm} to the keys first")
    if signing_keys.find_in_state(connection, "token", algorithm, "active") is None:
        raise KeyStepError(f"the first key for {algorithm} is published, but does not sign yet: choose it when it does")


def _told(names: Sequence[str], kind: str, before: Sequence[str] = ()) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{' and ' if before else ''}the {kind}{'s' if len(names) > 1 else ''} {', '.join(names[:_NAMED])}{more}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing yet: start the issuer once"


def _entry(action: str, algorithm: str, *, now: float, actor: Actor) -> AuditEntry:
    return AuditEntry(now, actor, action, "key_algorithm", algorithm, {})
