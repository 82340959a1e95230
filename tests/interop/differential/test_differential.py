"""G3: whatever we accept, at least two of panva/jose, joserfc and PyJWT accept under the same policy."""

import os

import pytest
from tests.interop.differential.harness import Report, Verifier, cases, issuers, judge, python_peers, run
from tests.interop.differential.lax import LAX
from tests.interop.differential.peers import Case

pytestmark = pytest.mark.exhaustive

SEED = int(os.environ.get("FUZZ_SEED", "1"))
TOKENS = int(os.environ.get("FUZZ_TOKENS", "10000"))  # for each half; CONTRIBUTING.md says how to run more


def assert_holds(report: Report) -> None:
    print(report)  # noqa: T201  the seed, for whoever has to repeat a run that failed
    assert report.findings == []
    # Neither hollow nor blind: a good part of what was spoiled must have stayed acceptable, to every peer.
    assert report.altered > report.tokens / 10
    assert len(report.peers) >= 3
    assert min(count for name, count in report.peers.items() if name != "jwcrypto") > report.accepted / 2


def test_three_thousand_tokens_before_the_peers_in_python() -> None:
    assert_holds(run(seed=SEED, count=3_000, peers=python_peers))


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.parametrize("half", [0, 1])
def test_many_tokens_before_all_peers(half: int) -> None:
    assert_holds(run(seed=SEED + half, count=TOKENS))


@pytest.fixture(scope="module")
def spoiled() -> tuple[Case, ...]:
    return tuple(cases(issuers(), seed=SEED, count=1_500))


@pytest.mark.parametrize("verifier", LAX)
def test_a_lax_verifier_is_found_out(verifier: Verifier, spoiled: tuple[Case, ...]) -> None:
    report = judge(spoiled, seed=SEED, verifier=verifier, peers=python_peers, sample=0)
    assert report.findings != []


def test_what_is_accepted_elsewhere_only_is_counted_as_strictness(spoiled: tuple[Case, ...]) -> None:
    """J33, J38: repeated names and spare bits, which most others let pass."""
    report = judge(spoiled, seed=SEED, peers=python_peers, sample=1)
    assert report.findings == []
    assert report.stricter > 50
    assert report.sample + report.accepted == report.tokens
