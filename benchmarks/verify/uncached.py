"""Verification without the cache: ours, raw OpenSSL, every peer, per algorithm."""

from benchmarks.verify import ours, peers, progress
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.material import Material, available, make
from benchmarks.verify.node import MISSING, Node
from benchmarks.verify.rounds import Contender, Figures, Local, measure
from benchmarks.verify.scale import Scale

RAW, OURS = "raw OpenSSL through cryptography", "watchword"
MOST = {"ES256": 1.10, "Ed25519": 1.06, "RS256": 1.25, "ML-DSA-44": 1.06, "HS256": 3.2}


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
            else:
                findings.skip([f"{alg}: not among watchword's algorithms"])
    finally:
        if node is not None:
            node.close()
    return findings


def _one(material: Material, node: Node | None, scale: Scale) -> Findings:
    findings = Findings()
    progress.say(f"verify without cache, {material.alg}")
    verify = ours.verifier(material, cache=False).verify
    contenders: list[Contender] = [
        Local(RAW, ours.raw_verify(material)),
        Local(OURS, ours.over(verify, material.token)),
    ]
    checks = {OURS: peers.refusals(verify, material.spoilt())}
    for peer in peers.PEERS:
        module = peer.load()
        if module is None:
            findings.skip([f"{peer.name}: not installed"])
        elif material.alg not in peer.algorithms:
            findings.skip([f"{peer.name}: has no {material.alg}"])
        else:
            made = peer.verifier(module, material)
            made(peer.token(material))
            checks[peer.name] = peers.refusals(made, material.spoilt())
            contenders.append(Local(peer.name, ours.over(made, peer.token(material))))
    if node is not None:
        remote, missing = node.prepare("verify", material)
        findings.skip(missing)
        contenders += remote
        checks |= {one.name: list(one.refuses) for one in remote}
    figures = measure(contenders, rounds=scale.rounds, round_seconds=scale.round_seconds)
    names = [one.name for one in contenders]
    findings.tables.append(_table(material, names, figures, checks, {**(node.versions if node else {})}))
    findings.aims.append(Aim(f"verify {material.alg} ÷ raw", figures.ratio(OURS, RAW), most=MOST[material.alg]))
    if "fast-jwt" in names:
        against = figures.ratio(OURS, "fast-jwt")
        findings.aims.append(Aim(f"verify {material.alg} ÷ fast-jwt on Node", against, most=1.0))
    return findings


def _table(
    material: Material,
    names: list[str],
    figures: Figures,
    checks: dict[str, list[str]],
    versions: dict[str, str | None],
) -> Table:
    rows = tuple(
        Row(name, (figures.median(name), figures.ratio(name, RAW), 100 * figures.spread(name))) for name in names
    )
    everything = set(checks[OURS])
    notes = [
        f"{name} took a token spoilt in: {', '.join(sorted(everything - set(refused)))}"
        for name, refused in checks.items()
        if everything - set(refused)
    ]
    if "clasp-jwt" in names:
        notes.append("clasp-jwt cannot be told an audience and refuses tokens that have one: it verified one without")
    if versions and any(name in names for name in ("fast-jwt", "jose")):
        notes.append("on Node: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    notes.append("the same str object at every call")
    notes.append(figures.remark)
    return Table(
        f"verify without cache, {material.alg}, {len(material.token)} characters",
        ("µs", "÷ raw", "spread %"),
        rows,
        tuple(notes),
    )
