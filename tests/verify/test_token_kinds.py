"""Every kind of token at every verifier (THREATS J65): only those pass that were made for it.

All tokens here are signed with one key and have one issuer, and every verifier is told that whatever a token names is
its audience or its client: what a token is alone decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.jose.forge import forge
from tests.verify.profiles.issuer_tokens import ACCESS_TOKENS, ID_TOKENS, NAMES, OTHER_TOKENS
from tests.verify.proofs import proof_claims
from tests.verify.tokens import API, ISSUER, NOW, claims

from watchword.clock import SettableClock
from watchword.errors import WatchwordError
from watchword.jose import Key, KeySet
from watchword.verify import Verifier, verify_id_token
from watchword.verify.dpop import check_proof
from watchword.verify.logout_token import EVENT, verify_logout_token
from watchword.verify.replay import ProcessReplays
from watchword.verify.revocation import message

KEY = Key.generate("RS256")
FEED_KEY = Key.generate("ES256", kid="feed")


@dataclass(frozen=True)
class Token:
    """One token. ``kind`` says of which verifier it is."""

    kind: str
    name: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Everything in it that a careless verifier might be told to expect."""
        found = [self.claims.get(name) for name in ("aud", "client_id", "azp", "appid", "cid", "sub", "scopes")]
        words = [word for value in found for word in (value if isinstance(value, list) else [value])]
        return [part for word in words if isinstance(word, str) and word for part in word.split()]

    def text(self, key: Key = KEY) -> str:
        return forge(key, {**self.header, "alg": key.alg, "kid": key.kid}, self.claims)

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def _of_issuers(kind: str, samples: list[Any]) -> list[Token]:
    return [
        Token(
            "logout" if "events" in sample.claims else f"{kind} {sample.profile}",
            sample.name,
            sample.header,
            {**sample.claims, "iss": ISSUER},
        )
        for sample in samples
    ]


def _ours(kind: str, typ: str | None, members: dict[str, Any], name: str = "ours") -> Token:
    return Token(kind, name, {} if typ is None else {"typ": typ}, members)


_LOGOUT = {**claims(aud="client-1"), "events": {EVENT: {}}, "sid": "session-1"}
_ID = {**claims(aud="client-1"), "nonce": "n", "auth_time": NOW, "at_hash": "x", "sid": "session-1"}
_SIGN_IN = {name: value for name, value in _ID.items() if name not in {"scope", "roles", "client_id", "jti"}}
_ASSERTION = {"iss": ISSUER, "sub": ISSUER, "aud": ISSUER, "jti": "1", "iat": NOW, "exp": NOW + 60}
_JOURNAL = {
    "iss": ISSUER, "iat": NOW, "exp": NOW + 60, "ver": 1, "journal_id": "j" * 22,
    "type": "snapshot", "seq": 0, "entries": [],
}  # fmt: skip

TOKENS = [
    *_of_issuers("access", ACCESS_TOKENS),
    *_of_issuers("ID", ID_TOKENS),
    *_of_issuers("other", OTHER_TOKENS),
    _ours("access rfc9068", "at+jwt", claims()),
    _ours("ID", "JWT", _SIGN_IN),
    _ours("ID", None, {name: value for name, value in _SIGN_IN.items() if name != "nonce"}, "without type and nonce"),
    _ours("logout", "logout+jwt", _LOGOUT),
    _ours("logout", "JWT", {**_LOGOUT, "typ": "Logout"}, "from before the type"),
    _ours("logout", None, _LOGOUT, "without a type"),
    _ours("DPoP", "dpop+jwt", {**claims(), **proof_claims()}),
    _ours(
        "introspection", "token-introspection+jwt", {**claims(), "token_introspection": {**claims(), "active": True}}
    ),
    _ours("assertion", "client-authentication+jwt", {**claims(), **_ASSERTION}),
    _ours("request", "oauth-authz-req+jwt", {**claims(), "response_type": "code", "redirect_uri": "https://a.example"}),
    _ours("journal", "watchword-journal+jwt", {**claims(), **_JOURNAL}),
]


def _access(profile: str) -> Callable[[Token], object]:
    def verify(token: Token) -> object:
        verifier = Verifier(
            issuer=ISSUER,
            audience=[API, *token.names],
            profile=profile,
            keys=KEY.public(),
            clock=SettableClock(NOW + 1),
        )
        return verifier.verify(token.text())

    return verify


def _first(token: Token, attempt: Callable[[str], object]) -> object:
    """``attempt`` with the first name that succeeds."""
    refusals = []
    for name in dict.fromkeys(["client-1", *token.names]):
        try:
            return attempt(name)
        except WatchwordError as error:
            refusals.append(error)
    raise refusals[-1]


def _id_token(token: Token) -> object:
    return _first(
        token,
        lambda client: verify_id_token(
            token.text(), KEY.public(), issuer=ISSUER, client_id=client, nonce=token.claims.get("nonce"), now=NOW + 1
        ),
    )


def _logout_token(token: Token) -> object:
    return _first(
        token,
        lambda client: verify_logout_token(
            token.text(), KEY.public(), issuer=ISSUER, client_id=client, now=NOW + 1, seen=ProcessReplays()
        ),
    )


def _proof(token: Token) -> object:
    embedded = Token(token.kind, token.name, {**token.header, "jwk": KEY.public().to_dict()}, token.claims)
    return check_proof(embedded.text(), expected_method="GET", expected_uri=API + "/orders", now=NOW + 1)


def _journal(token: Token) -> object:
    parts = message.split(token.text(FEED_KEY).encode())
    return message.read(parts, KeySet([FEED_KEY.public()]), issuer=ISSUER, now=NOW + 1, leeway=0)


VERIFIERS: dict[str, Callable[[Token], object]] = {
    **{f"access {name}": _access(name) for name in NAMES},
    "ID": _id_token,
    "logout": _logout_token,
    "DPoP": _proof,
    "journal": _journal,
}

ALSO: dict[tuple[str, str], str] = {
    ("access auth0: user, RFC 9068 dialect", "access rfc9068"): "what the dialect is for",
    ("access auth0: client, RFC 9068 dialect", "access rfc9068"): "what the dialect is for",
    (
        "access keycloak: user, header of RFC 9068, client_id by mapper",
        "access rfc9068",
    ): "configured to be a token of RFC 9068",
}
"""Which tokens pass beside the diagonal, and why that is right."""


def passes(token: Token, verifier: str) -> bool:
    try:
        VERIFIERS[verifier](token)
    except WatchwordError:
        return False
    return True


def belongs(token: Token, verifier: str) -> bool:
    return (
        token.kind == verifier or (verifier == "ID" and token.kind.startswith("ID ")) or (str(token), verifier) in ALSO
    )


@pytest.mark.parametrize("token", TOKENS, ids=str)
def test_j65_a_token_passes_the_verifier_that_it_was_made_for_and_no_other(token: Token) -> None:
    assert {verifier for verifier in VERIFIERS if passes(token, verifier)} == {
        verifier for verifier in VERIFIERS if belongs(token, verifier)
    }


def test_j65_every_verifier_takes_something_and_every_exception_is_one() -> None:
    kinds = {token.kind for token in TOKENS}
    assert set(VERIFIERS) <= kinds
    by_name = {str(token): token for token in TOKENS}
    for name, verifier in ALSO:
        assert by_name[name].kind != verifier
        assert passes(by_name[name], verifier)
