"""The state of one part."""

from watchword.console.playground.run import Held, Run


def test_whoever_begins_anew_holds_no_token_of_before() -> None:
    """After a sign-out everywhere it would be refused as if something were wrong with the newcomer's API."""
    facts = {"other_token": "a.b.c", "other_expires_at": "9", "address": "http://localhost:8500/hello"}
    run = Run(issuer="i", held=Held(access_token="a.b.d", expires_at=9.0), spent=["r"], facts=facts)
    run.begin_anew()
    assert (run.held, run.spent, run.facts) == (None, [], {"address": "http://localhost:8500/hello"})
    kept = run.to_bytes()
    assert b"a.b." not in kept
    assert Run.from_bytes(kept) == run
