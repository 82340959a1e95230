"""Tokens of the shapes that issuers document, values changed, from the JSON files beside this one."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.jose.forge import forge
from tests.verify.tokens import NOW

from watchword.clock import SettableClock
from watchword.jose import Key
from watchword.verify import VerifiedClaims, Verifier
from watchword.verify.profiles import PROFILES

NAMES = tuple(profile.name for profile in PROFILES)


@cache
def key() -> Key:
    """The key of every issuer here; they all sign with RS256."""
    return Key.generate("RS256")


@dataclass(frozen=True)
class Sample:
    """One token. ``says`` is what an access token is read as, ``needs`` the claims that it cannot do without."""

    profile: str
    name: str
    header: dict[str, Any]
    claims: dict[str, Any]
    audience: list[str]
    says: dict[str, Any]
    needs: tuple[str, ...]

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """The signed token; a change to None takes a claim away."""
        claims = {name: value for name, value in {**self.claims, **changes}.items() if value is not None}
        return forge(key(), {**(self.header if header is None else header), "kid": key().kid}, claims)

    def verify(self, token: str, *, profile: str = "", audience: list[str] | None = None) -> VerifiedClaims:
        """What a service behind this issuer makes of ``token``."""
        verifier = Verifier(
            issuer=self.claims["iss"],
            audience=audience or self.audience,
            profile=profile or self.profile,
            keys=key().public(),
            clock=SettableClock(NOW + 1),
        )
        return verifier.verify(token)

    def __str__(self) -> str:
        return f"{self.profile}: {self.name}"


def _read(kind: str) -> list[Sample]:
    samples = []
    for profile in NAMES:
        document = json.loads((Path(__file__).parent / f"{profile}.json").read_text())
        audience = document["audience"]
        samples += [
            Sample(
                profile,
                sample["name"],
                sample["header"],
                sample["claims"],
                [audience] if isinstance(audience, str) else audience,
                sample.get("says", {}),
                tuple(sample.get("needs", ())),
            )
            for sample in document.get(kind, ())
        ]
    return samples


ACCESS_TOKENS = _read("access_tokens")
ID_TOKENS = _read("id_tokens")
OTHER_TOKENS = _read("others")
ACCESS_TOKENS_FOR_OTHERS = _read("for_others")
