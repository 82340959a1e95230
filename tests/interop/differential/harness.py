"""Differential fuzzing (THREATS G3): whatever a verifier accepts, at least two others accept under the same policy.

Turned round: what all the others refuse is refused here. The tokens depend on the seed alone, but for the keys, which
are new at every run.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Protocol

from tests.interop.differential.draft import NOW, Issuer, honest
from tests.interop.differential.mutations import MUTATIONS
from tests.interop.differential.peers import TYP, Case, Joserfc, Jwcrypto, Panva, PyJWT

from watchword.jose import JOSEError, Key, jwt
from watchword.jose.algorithms import ALGORITHMS, BY_NAME
from watchword.jose.claims import check_expiry, check_not_before

Verifier = Callable[[Case, Key], None]
"""Returns where it accepts; raises a `JOSEError` where it does not."""

# How often each algorithm is fuzzed: what signs slowly has less to say in the same time.
SLOW = {"RSA": 1, "AKP": 1}
WEIGHTS = {row.name: 2 if row.name in {"ES512", "Ed448"} else SLOW.get(row.kty, 6) for row in ALGORITHMS}
ENOUGH = 2


def watchword(case: Case, key: Key) -> None:
    """What is being tested."""
    claims = jwt.decode(case.token, key, algorithms=(case.alg,), typ=TYP)
    check_expiry(claims, now=NOW)
    check_not_before(claims, now=NOW)


@dataclass
class Report:
    """What came of a run."""

    seed: int
    tokens: int = 0
    accepted: int = 0
    altered: int = 0  # accepted although they are not what an honest issuer writes
    findings: list[str] = field(default_factory=list)
    peers: Counter[str] = field(default_factory=Counter)  # how many of what we accept each accepts
    stricter: int = 0  # of a sample of what we refuse: how much at least two others accept
    sample: int = 0

    def __str__(self) -> str:
        return (
            f"FUZZ_SEED={self.seed}: {self.tokens} tokens, {self.accepted} accepted, of these {self.altered} altered; "
            f"accepted by peers: {dict(self.peers)}; {self.stricter} of {self.sample} refused ones accepted elsewhere"
        )


@cache
def issuers() -> dict[str, Issuer]:
    """One for every algorithm, with keys of their own; made once, since RSA keys take their time."""
    keys = {name: (Key.generate(name), Key.generate(name)) for name in BY_NAME}
    return {
        name: Issuer(key, stranger, keys["HS256" if name != "HS256" else "ES256"][1])
        for name, (key, stranger) in keys.items()
    }


def public(key: Key) -> Key:
    """What a verifier holds."""
    return key if key.is_symmetric else key.public()


def cases(trusted: Mapping[str, Issuer], *, seed: int, count: int) -> Iterator[Case]:
    """``count`` tokens, each spoiled in one to three ways."""
    rng = Random(seed)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    for alg in rng.choices(names, weights, k=count):
        draft = honest(alg, trusted[alg])
        mutations = [rng.choice(MUTATIONS) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))]
        for mutation in mutations:
            mutation(draft, rng)
        yield Case(alg, draft.text(), draft.tolerance, tuple(mutation.__name__ for mutation in mutations))


class Peer(Protocol):
    """Another verifier, of any number of algorithms."""

    @property
    def name(self) -> str: ...
    @property
    def knows(self) -> frozenset[str]: ...
    def check_all(self, cases: Sequence[Case]) -> list[bool]: ...


def python_peers(keys: Mapping[str, Key]) -> list[Peer]:
    """Three that need nothing but Python."""
    return [PyJWT(keys), Joserfc(keys), Jwcrypto(keys)]


def all_peers(keys: Mapping[str, Key]) -> list[Peer]:
    """panva/jose instead of jwcrypto, which is left with what fewer than three of them know."""
    return [PyJWT(keys), Joserfc(keys), Panva(keys), Jwcrypto(keys, Jwcrypto.rare)]


def run(
    *,
    seed: int,
    count: int,
    verifier: Verifier = watchword,
    peers: Callable[[Mapping[str, Key]], Sequence[Peer]] = all_peers,
    sample: float = 0.01,
) -> Report:
    """Make ``count`` tokens and judge them."""
    return judge(cases(issuers(), seed=seed, count=count), seed=seed, verifier=verifier, peers=peers, sample=sample)


def judge(
    tokens: Iterable[Case],
    *,
    seed: int,
    verifier: Verifier = watchword,
    peers: Callable[[Mapping[str, Key]], Sequence[Peer]] = all_peers,
    sample: float = 0.01,
) -> Report:
    """Ask ``verifier``, and the others about what it accepted and a sample of what it did not."""
    trusted = issuers()
    keys = {name: public(issuer.key) for name, issuer in trusted.items()}
    honest_tokens = {alg: honest(alg, issuer).text() for alg, issuer in trusted.items()}
    plain = {alg: token.rpartition(".")[0] for alg, token in honest_tokens.items()}
    report = Report(seed)
    asked = [Case(alg, token, 0) for alg, token in honest_tokens.items()]
    ours = [True] * len(asked)
    rng = Random(seed + 1)
    for case in tokens:
        report.tokens += 1
        try:
            verifier(case, keys[case.alg])
        except JOSEError:
            if rng.random() < sample:
                asked.append(case)
                ours.append(False)
        except Exception as error:  # noqa: BLE001  what escapes is the finding
            report.findings.append(f"{type(error).__name__} escapes for {case}")
        else:
            report.accepted += 1
            report.altered += case.token.rpartition(".")[0] != plain[case.alg]
            asked.append(case)
            ours.append(True)
    compare(report, asked, ours, peers(keys))
    return report


def compare(report: Report, asked: Sequence[Case], ours: Sequence[bool], peers: Sequence[Peer]) -> None:
    """Ask every peer that knows a case's algorithm, and write down what speaks against us."""
    verdicts: list[dict[str, bool]] = [{} for _ in asked]
    for peer in peers:
        known = [number for number, case in enumerate(asked) if case.alg in peer.knows]
        told = peer.check_all([asked[number] for number in known])
        for number, accepts in zip(known, told, strict=True):
            verdicts[number][peer.name] = accepts
    for case, accepted, verdict in zip(asked, ours, verdicts, strict=True):
        agrees = sum(verdict.values()) >= min(ENOUGH, len(verdict)) > 0
        if accepted:
            report.peers.update(name for name, told in verdict.items() if told)
            if not agrees:
                report.findings.append(f"accepted here, elsewhere {verdict}: {case}")
        else:
            report.sample += 1
            report.stricter += agrees
