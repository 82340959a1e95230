"""The benchmark of verification measures what it says. Nothing here is timed: no figure decides a test."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from benchmarks.__main__ import main
from benchmarks.verify import issuer_here, material, ours, peers, report
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.rounds import Taken, measure
from benchmarks.verify.scale import Scale

ROOT = Path(__file__).parents[2]


def tiny(*arguments: str) -> str:
    """What one round tells that is too short to tell anything; in a process that holds nothing else."""
    command = [sys.executable, "-m", "benchmarks", "verify", "--rounds", "1", "--round-milliseconds", "0.2"]
    return subprocess.run([*command, *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


@dataclass
class Counted:
    """A contender whose every call takes what it is told."""

    name: str
    seconds: Iterator[float]
    order: list[str]
    warm_rounds: int = 1

    def run(self, calls: int) -> Taken:
        self.order.append(self.name)
        taken = next(self.seconds) * calls
        return Taken(taken, 2 * taken)


def steady(seconds: float) -> Iterator[float]:
    while True:
        yield seconds


def test_contenders_take_turns_and_another_one_begins_each_round() -> None:
    order: list[str] = []
    contenders = [Counted(name, steady(0.001), order) for name in "ABC"]
    measure(contenders, rounds=3, round_seconds=0.001)
    assert order[-9:] == list("ABCBCACAB")


def test_a_ratio_is_taken_within_each_round_so_that_a_slow_machine_slows_both() -> None:
    order: list[str] = []
    slowed = [0.001, 0.001, 0.005, 0.002, 0.001]
    one = Counted("one", iter([2 * seconds for seconds in slowed]), order)
    other = Counted("other", iter(slowed), order)
    figures = measure([one, other], rounds=4, round_seconds=0.001)
    assert figures.ratio("one", to="other") == pytest.approx(2.0)
    assert figures.without("one", "other") == pytest.approx(1500.0)
    assert figures.remark == "wall time was 2.00 times CPU time"


@pytest.mark.parametrize(
    ("aim", "verdict"),
    [
        (Aim("x", 1.10, most=1.10), "met"),
        (Aim("x", 1.11, most=1.10), "missed"),
        (Aim("x", 40.0, least=40), "met"),
        (Aim("x", 39.9, least=40), "missed"),
        (Aim("x", 1e9), "shown"),
    ],
)
def test_a_bound_is_met_on_the_bound_itself(aim: Aim, verdict: str) -> None:
    assert aim.verdict == verdict


def test_text_and_json_tell_the_same_with_a_verdict_and_a_reason_for_what_is_missing() -> None:
    def section(scale: Scale) -> Findings:
        assert scale.rounds == 3
        table = Table("letters", ("µs",), (Row("alpha", (1.5,)), Row("beta", (None,))), ("a note",))
        return Findings([table], [Aim("alpha ÷ beta", 3.0, most=2.0)], ["gamma: not installed"])

    told = report.collect([section], Scale(rounds=3, round_seconds=0.001))
    text, parsed = report.as_text(told), json.loads(report.as_json(told))
    for part in ("letters", "alpha", "1.500", "(a note)", "missed", "gamma: not installed"):
        assert part in text
    assert parsed["aims"][0]["verdict"] == "missed"
    assert parsed["findings"]["tables"][0]["rows"][0] == {"name": "alpha", "values": [1.5]}


@pytest.mark.parametrize("alg", material.available())
def test_ours_refuses_every_spoilt_token_that_peers_are_tried_with(alg: str) -> None:
    made = material.make(alg)
    verify = ours.verifier(made, cache=False).verify
    verify(made.token)
    assert peers.refusals(verify, made.spoilt()) == ["signature", "expired", "issuer", "audience"]


@pytest.mark.parametrize("alg", material.available())
def test_raw_verification_checks_the_very_signature_of_the_token(alg: str) -> None:
    made, other = material.make(alg), material.make(alg)
    ours.raw_verify(made)(1)
    mixed = material.Material(alg, made.header_alg, other.key, other.private, made.token, made.token)
    with pytest.raises(Exception, match=r"^(Signature did not match digest\.)?$"):
        ours.raw_verify(mixed)(1)


def test_the_journal_of_the_cached_figure_is_a_live_one() -> None:
    made = material.make("ES256", also=material.WITHDRAWABLE)
    issuer = issuer_here.IssuerHere(made)
    with issuer.answering():
        verifier = issuer_here.verifier(revocation="poll")
        verifier.verify(made.token)
        assert issuer.is_obeyed(verifier)
        assert not issuer.is_obeyed(issuer_here.verifier(revocation="off"))


@pytest.mark.slow
@pytest.mark.node
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_one_tiny_round_has_every_peer_and_every_bound() -> None:
    told = json.loads(tiny("--only", "algs,cached,sign", "--json"))
    first = {row["name"] for row in told["findings"]["tables"][0]["rows"]}
    assert first >= {"watchword", "PyJWT", "joserfc", "jwcrypto", "Authlib", "clasp-jwt", "fast-jwt", "jose"}
    bounded = {aim["name"] for aim in told["aims"] if aim["verdict"] != "shown"}
    assert {f"verify {alg} ÷ raw" for alg in material.ALGORITHMS} <= bounded
    assert {"verify ES256 ÷ fast-jwt on Node", "sign ES256 ÷ raw", "sign Ed25519 ÷ raw"} <= bounded
    assert "cached verify ES256, same str, journal included" in bounded


@pytest.mark.slow
@pytest.mark.postgres
def test_one_tiny_round_of_servers_stores_and_memory() -> None:
    text = tiny("--only", "asgi,sessions,memory")
    for line in ("with the middleware", "PostgreSQL, psycopg", "memory per cached token", "growth over"):
        assert line in text


@pytest.mark.parametrize("wrong", ["nothing", "algs,nothing", ""])
def test_an_unknown_part_is_refused_before_anything_is_measured(wrong: str) -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--only", wrong])
