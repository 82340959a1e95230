"""The part that a fake issuer plays: a name, a shape of tokens, keys, and what it has withdrawn."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from watchword.jose import base64url
from watchword.jose.errors import JOSEError
from watchword.jose.json_object import decode_object
from watchword.jose.jwk import Key
from watchword.jose.jws import split
from watchword.verify.errors import VerifierSettingsError
from watchword.verify.testing.journal import Journal
from watchword.verify.testing.shapes import SHAPES

_CLAIMS = {"subject": "sub", "client": "client_id", "grant": "gid", "session": "sid"}
_slow_to_make: dict[str, list[Key]] = {}  # RSA keys that no issuer uses at the moment
_lock = threading.Lock()


class Part:
    """What is fixed once it is known for whom a fake issuer stands.

    Args:
        issuer: its name.
        profile: in whose shape its tokens are.
        alg: with which algorithm it signs.

    Raises:
        VerifierSettingsError: the profile is one of somebody's own.
    """

    def __init__(self, issuer: str, profile: str, alg: str) -> None:
        if profile not in SHAPES:
            raise VerifierSettingsError(
                "how tokens of this profile look is not known: say profile= with one of "
                + ", ".join(SHAPES)
                + " and give the claims that differ by name"
            )
        self.issuer = issuer
        self.profile = profile
        self.alg = alg
        self.has_feed = profile == "rfc9068"
        self.signing_keys = [_key(alg)]
        self.published = [self.signing_keys[0].public()]
        self.journal = Journal(issuer)
        self.opaque: dict[str, dict[str, Any]] = {}

    def rotate(self, *, keep_old: bool) -> None:
        """Sign with a new key."""
        self.signing_keys.append(_key(self.alg))
        kept = self.signing_keys if keep_old else self.signing_keys[-1:]
        self.published = [key.public() for key in kept]

    def withdraw(self, named: Mapping[str, str], *, now: float) -> None:
        """Withdraw everything that is ``named``: by kind, see `FakeIssuer.revoke`.

        Raises:
            VerifierSettingsError: there is no such token, or nothing of this can be withdrawn.
        """
        for kind, value in named.items():
            ended = [token for token, claims in self.opaque.items() if _is_meant(kind, value, token, claims)]
            for token in ended:
                del self.opaque[token]
            if kind == "token" and ended:
                continue
            if self.has_feed:
                self.journal.withdraw(kind, _token_id(value) if kind == "token" else value, now=now)
            elif not ended:
                raise VerifierSettingsError(
                    f"issuers of the profile {self.profile} have no feed of withdrawn tokens: what their verifiers"
                    " refuse is expired tokens, removed keys and inactive opaque tokens"
                )

    def give_back(self) -> None:
        """Let the next issuer have the keys that take long to make."""
        with _lock:
            for key in self.signing_keys:
                if _is_slow(key.alg):
                    _slow_to_make.setdefault(key.alg, []).append(key)


def preferred(allowed: Sequence[str]) -> str:
    """With which of the ``allowed`` algorithms to sign: the quickest to make keys for."""
    return "ES256" if "ES256" in allowed or not allowed else min(allowed, key=_is_slow)


def _key(alg: str) -> Key:
    with _lock:
        free = _slow_to_make.get(alg)
        if free:
            return free.pop()
    return Key.generate(alg)


def _is_slow(alg: str) -> bool:
    return alg.startswith(("RS", "PS"))


def _is_meant(kind: str, value: str, token: str, claims: Mapping[str, Any]) -> bool:
    if kind == "token":
        return token == value
    return kind == "all" or (kind in _CLAIMS and claims.get(_CLAIMS[kind]) == value)


def _token_id(token: str) -> str:
    try:
        return str(decode_object(base64url.decode(split(token).payload_segment))["jti"])
    except (JOSEError, KeyError):
        raise VerifierSettingsError("this is no token of the issuer, or one without jti that nobody can name") from None
