"""A token on its way to being wrong: kept in parts, so that each part can be spoiled and the whole still be signed."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from watchword.jose import Key

NOW = 1_790_000_000


@dataclass
class Issuer:
    """The one key that everybody trusts for an algorithm, and two that nobody does."""

    key: Key
    stranger: Key
    other_kind: Key


@dataclass
class Layout:
    """How an object becomes bytes: everything that JSON leaves open, and some things that it does not."""

    before: str = ""
    after: str = ""
    comma: str = ","
    colon: str = ":"
    encoding: str = "utf-8"
    instead: bytes | None = None  # these bytes, whatever the members are

    def bytes_of(self, members: list[tuple[str, str]]) -> bytes:
        if self.instead is not None:
            return self.instead
        inside = self.comma.join(f"{name}{self.colon}{value}" for name, value in members)
        return f"{self.before}{{{inside}}}{self.after}".encode(self.encoding, "surrogatepass")


@dataclass
class Draft:
    """The parts. Names and values are JSON text, so that names can stand twice and values be no JSON at all."""

    alg: str
    issuer: Issuer
    header: list[tuple[str, str]]
    claims: list[tuple[str, str]]
    header_layout: Layout = field(default_factory=Layout)
    claims_layout: Layout = field(default_factory=Layout)
    signer: Key | None = None
    signature: bytes | None = None  # this one, whatever is signed
    on_signature: list[Callable[[bytes], bytes]] = field(default_factory=list)
    on_text: list[Callable[[str], str]] = field(default_factory=list)
    tolerance: int = 0  # seconds of `nbf` that we always allow, and that peers then have to be told of

    def text(self) -> str:
        head, body = self.header_layout.bytes_of(self.header), self.claims_layout.bytes_of(self.claims)
        signing_input = f"{b64(head)}.{b64(body)}"
        signature = self.signature
        if signature is None:
            signature = (self.signer or self.issuer.key).sign(signing_input.encode())
        for change in self.on_signature:
            signature = change(signature)
        whole = f"{signing_input}.{b64(signature)}"
        for edit in self.on_text:
            whole = edit(whole)
        return whole


def honest(alg: str, issuer: Issuer) -> Draft:
    """A draft that everybody accepts as it is."""
    header = [('"alg"', f'"{alg}"'), ('"typ"', '"at+jwt"'), ('"kid"', f'"{issuer.key.kid}"')]
    claims = [
        ('"iss"', '"https://issuer.example"'),
        ('"sub"', '"alice"'),
        ('"aud"', '"https://api.example"'),
        ('"exp"', str(NOW + 300)),
        ('"iat"', str(NOW - 1)),
        ('"jti"', '"0123456789"'),
    ]
    return Draft(alg, issuer, header, claims)


def put(members: list[tuple[str, str]], name: str, value: str, rng: Random) -> None:
    """Give ``name`` the JSON text ``value``; where it is new, at a random place."""
    quoted = f'"{name}"'
    for place, (there, _) in enumerate(members):
        if there == quoted:
            members[place] = (quoted, value)
            return
    members.insert(rng.randrange(len(members) + 1), (quoted, value))


def drop(members: list[tuple[str, str]], name: str) -> None:
    members[:] = [member for member in members if member[0] != f'"{name}"']


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
