"""Signing: ours, raw OpenSSL, every peer that signs."""

from benchmarks.verify import ours, peers, progress
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.material import Material, available, claims, make
from benchmarks.verify.node import MISSING, Node
from benchmarks.verify.rounds import Contender, Local, measure
from benchmarks.verify.scale import Scale

RAW, OURS = "raw OpenSSL through cryptography", "watchword"
MOST = {"ES256": 1.35, "Ed25519": 1.25, "RS256": None, "HS256": None, "ML-DSA-44": None}


def measure_all(scale: Scale) -> Findings:
    """A table per algorithm."""
    findings = Findings()
    node = Node.start()
    if node is None:
        findings.skip([MISSING])
    try:
        for alg in MOST:
            if alg in available():
                findings.add(_one(make(alg), node, scale))
    finally:
        if node is not None:
            node.close()
    return findings


def _one(material: Material, node: Node | None, scale: Scale) -> Findings:
    findings = Findings()
    progress.say(f"sign, {material.alg}")
    said = claims()
    contenders: list[Contender] = [
        Local(RAW, ours.raw_sign(material)),
        Local(OURS, ours.sign(material, said)),
    ]
    for peer in peers.PEERS:
        module = peer.load()
        if module is not None and peer.signer is not None and material.alg in peer.algorithms:
            contenders.append(Local(peer.name, ours.over(peer.signer(module, material), said)))
    if node is not None:
        remote, missing = node.prepare("sign", material)
        findings.skip(missing)
        contenders += remote
    figures = measure(contenders, rounds=scale.rounds, round_seconds=scale.round_seconds)
    rows = tuple(
        Row(one.name, (figures.median(one.name), figures.ratio(one.name, RAW), 100 * figures.spread(one.name)))
        for one in contenders
    )
    notes = (figures.remark,)
    findings.tables.append(Table(f"sign, {material.alg}", ("µs", "÷ raw", "spread %"), rows, notes))
    findings.aims.append(Aim(f"sign {material.alg} ÷ raw", figures.ratio(OURS, RAW), most=MOST[material.alg]))
    return findings
