"""The history checker finds what was planted, and nothing else."""

import json
from pathlib import Path

from tests.faults.history import (
    History,
    no_accept_after_revocation,
    no_lost_write,
    single_successor,
    used_at_most_once,
)


def note(history: History, kind: str, subject: str, result: str | None, *, family: str = "") -> None:
    """An operation that began and ended: acknowledged with ``result``, or (without) refused."""
    with history.attempt(kind, subject, family=family, worker="w1") as operation:
        if result is None:
            operation.refused("invalid_grant")
        else:
            operation.ok(result)


def test_two_successors_of_one_parent_are_found() -> None:
    history = History()
    note(history, "refresh", "parent", "a")
    note(history, "refresh", "other", "c")
    note(history, "refresh", "parent", "b")
    (violation,) = single_successor(history)
    assert [operation.result for operation in violation.operations] == ["a", "b"]


def test_the_same_successor_told_twice_is_no_violation() -> None:
    history = History()
    note(history, "refresh", "parent", "a")
    note(history, "refresh", "parent", "a")
    note(history, "refresh", "parent", None)
    assert single_successor(history) == []


def test_a_code_accepted_twice_is_found_even_with_the_same_result() -> None:
    history = History()
    note(history, "redeem", "code", "a")
    assert used_at_most_once(history, "redeem") == []
    note(history, "redeem", "code", "a")
    assert len(used_at_most_once(history, "redeem")) == 1


def test_a_use_that_begins_after_an_acknowledged_revocation_is_found() -> None:
    history = History()
    note(history, "refresh", "t1", "t2", family="grant")
    note(history, "revoke", "grant", "")
    assert no_accept_after_revocation(history, uses=["refresh"]) == []
    note(history, "refresh", "t2", "t3", family="grant")
    note(history, "refresh", "u1", "u2", family="another grant")
    (violation,) = no_accept_after_revocation(history, uses=["refresh"])
    assert [operation.subject for operation in violation.operations] == ["grant", "t2"]


def test_the_earliest_acknowledgement_counts() -> None:
    history = History()
    note(history, "revoke", "grant", "")
    note(history, "use", "grant", "")
    note(history, "revoke", "grant", "")
    assert len(no_accept_after_revocation(history, uses=["use"])) == 1


def test_a_use_that_overlaps_the_revocation_may_go_either_way() -> None:
    history = History()
    with history.attempt("use", "grant") as use:
        note(history, "revoke", "grant", "")
        use.ok()
    assert no_accept_after_revocation(history, uses=["use"]) == []


def test_a_revocation_that_was_not_acknowledged_proves_nothing() -> None:
    history = History()
    with history.attempt("revoke", "grant"):
        pass
    note(history, "revoke", "grant", None)
    note(history, "use", "grant", "")
    assert no_accept_after_revocation(history, uses=["use"]) == []


def test_an_acknowledged_write_that_is_gone_is_found_and_a_maybe_is_not_missed() -> None:
    history = History()
    note(history, "write", "kept", "")
    note(history, "write", "lost", "")
    note(history, "write", "refused", None)
    with history.attempt("write", "maybe"):
        pass
    (violation,) = no_lost_write(history, ["write"], lambda operation: operation.subject == "kept")
    assert violation.operations[0].subject == "lost"


def test_an_attempt_that_raises_is_a_maybe(tmp_path: Path) -> None:
    history = History()
    try:
        with history.attempt("write", "x"):
            raise ConnectionResetError  # noqa: TRY301  what a client sees
    except ConnectionResetError:
        pass
    (operation,) = history.operations
    assert (operation.outcome, operation.start, operation.end) == ("maybe", 0, 1)
    history.save(tmp_path / "history.jsonl")
    assert json.loads((tmp_path / "history.jsonl").read_text())["outcome"] == "maybe"
