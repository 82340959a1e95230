"""A token that was seen before: what the cache of verified tokens leaves to be done at every request.

A server reads its token from a socket, so its text is a new str each time, whose hash nobody knows yet; with the same
object at every call the hash is remembered in it. Both are measured. The cost of making the str is measured in the
same rounds and taken off; it is the server's, with any library.
"""

from collections.abc import Callable, Iterator
from itertools import cycle, islice, repeat

from benchmarks.verify import issuer_here, ours, peers, progress
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.issuer_here import ENTRIES, IssuerHere
from benchmarks.verify.material import TYP, WITHDRAWABLE, Material, claims, make
from benchmarks.verify.node import MISSING, Node
from benchmarks.verify.ours import Loop
from benchmarks.verify.rounds import Contender, Figures, Local, measure
from benchmarks.verify.scale import Scale

from watchword.jose import jwt
from watchword.verify import Verifier, requirements

ALG = "ES256"
MANY = 1000
SAME, NEW = "watchword, same str", "watchword, new str"
REQUIRED = "watchword, new str, a scope required"
IN_TURN = f"watchword, {MANY:,} tokens in turn, new str"
DECODE, DECODE_MANY = "making the str alone", f"making the str alone, {MANY:,} in turn"
NODE_SAME, NODE_NEW = "fast-jwt, cache, same string", "fast-jwt, cache, new string"
NODE_DECODE = "decode alone on Node"
# What each contender spends on making its str, measured apart.
OVERHEADS = {NEW: DECODE, REQUIRED: DECODE, IN_TURN: DECODE_MANY, NODE_NEW: NODE_DECODE}


def measure_all(scale: Scale) -> Findings:
    """One table: hits in the cache beside PyJWT, and beside fast-jwt with its own cache."""
    material = make(ALG, also=WITHDRAWABLE)
    issuer = IssuerHere(material)
    with issuer.answering():
        verifier = issuer_here.verifier(cache=2 * MANY, revocation="poll")
        return _measure(verifier, issuer, material, scale)


def _measure(verifier: Verifier, issuer: IssuerHere, material: Material, scale: Scale) -> Findings:
    findings = Findings()
    progress.say(f"cached verify, {ALG}")
    verifier.verify(material.token)
    journal = "journal included" if issuer.is_obeyed(verifier) else "WITHOUT the journal"
    contenders: list[Contender] = [*_ours(verifier, material)]
    pyjwt = next(peer for peer in peers.PEERS if peer.name == "PyJWT")
    module = pyjwt.load()
    if module is None:
        findings.skip(["PyJWT: not installed"])
    else:
        contenders.append(Local(pyjwt.name, ours.over(pyjwt.verifier(module, material), material.token)))
    node = Node.start()
    if node is None:
        findings.skip([MISSING])
    try:
        if node is not None:
            remote, missing = node.prepare("cached", material)
            contenders += remote
            findings.skip(missing)
        figures = measure(contenders, rounds=scale.rounds, round_seconds=scale.round_seconds)
    finally:
        if node is not None:
            node.close()
    findings.tables.append(_table([one.name for one in contenders], figures, journal))
    findings.aims += _aims(figures, journal)
    return findings


def _ours(verifier: Verifier, material: Material) -> Iterator[Local]:
    verify, octets, token = verifier.verify, material.token.encode(), material.token
    required = requirements(scopes=["orders:read"])
    many = [jwt.encode(claims(number, also=WITHDRAWABLE), material.key, typ=TYP).encode() for number in range(MANY)]

    def new(calls: int) -> None:
        for _ in repeat(None, calls):
            verify(octets.decode("ascii"))

    def new_and_required(calls: int) -> None:
        for _ in repeat(None, calls):
            verify(octets.decode("ascii"), require=required)

    def decode(calls: int) -> None:
        for _ in repeat(None, calls):
            octets.decode("ascii")

    yield Local(SAME, ours.over(verify, token))
    yield Local(NEW, new)
    yield Local(REQUIRED, new_and_required)
    yield Local(DECODE, decode)
    yield Local(IN_TURN, _in_turn(many, lambda one: verify(one.decode("ascii"))))
    yield Local(DECODE_MANY, _in_turn(many, lambda one: one.decode("ascii")))


def _in_turn(many: list[bytes], call: Callable[[bytes], object]) -> Loop:
    where = cycle(many)

    def loop(calls: int) -> None:
        for one in islice(where, calls):
            call(one)

    return loop


def _table(names: list[str], figures: Figures, journal: str) -> Table:
    rows = tuple(
        Row(
            name,
            (
                figures.median(name),
                figures.without(name, OVERHEADS[name]) if name in OVERHEADS else figures.median(name),
                figures.ratio("PyJWT", name) if "PyJWT" in names else None,
                100 * figures.spread(name),
            ),
        )
        for name in names
    )
    notes = (
        f"{journal} ({ENTRIES} entries, polled meanwhile); keys as the issuer publishes them, not given",
        "PyJWT has no cache, and is given the same str each time; fast-jwt's cache holds 1,000 and hashes the token",
        figures.remark,
    )
    return Table(f"cached verify, {ALG}", ("µs", "µs less str", "PyJWT ÷ it", "spread %"), rows, notes)


def _aims(figures: Figures, journal: str) -> list[Aim]:
    cost = figures.without(NEW, DECODE)
    aims = [
        Aim(f"cached verify {ALG}, same str, {journal}", figures.median(SAME), "µs", most=1.0),
        Aim(f"cached verify {ALG}, new str less making it, {journal}", cost, "µs", most=1.0),
    ]
    if "PyJWT" in figures.per_call:
        aims.append(Aim(f"PyJWT {ALG} ÷ cached verify, new str", figures.median("PyJWT") / cost, least=40))
    if NODE_NEW in figures.per_call:
        against = cost / figures.without(NODE_NEW, NODE_DECODE)
        aims.append(Aim("cached verify ÷ fast-jwt's cache, new string", against, most=1.0))
    return aims
