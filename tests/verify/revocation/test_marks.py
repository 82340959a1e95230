"""What of a token may have been withdrawn."""

from typing import Any

import pytest

from watchword.jose.errors import ClaimError
from watchword.oauth.revocation import KINDS, digest_bytes
from watchword.verify.revocation.marks import ALWAYS, TokenMarks

ISSUER = "https://auth.example.com"


def digests(claims: dict[str, Any], kind: str, *, kid: str | None = "k-1") -> list[tuple[bytes, int]]:
    return list(TokenMarks.of(claims, kid=kid, issuer=ISSUER).digests(KINDS.index(kind)))


def test_a_claim_that_is_missing_matches_nothing() -> None:
    for kind in ("token", "grant", "session", "subject", "client"):
        assert digests({}, kind) == []
    assert digests({}, "key", kid=None) == []


def test_a_token_without_epochs_is_older_than_any() -> None:
    assert digests({}, "all") == [(digest_bytes("all", ISSUER, ""), 0)]
    assert digests({"sub": "u"}, "subject") == [(digest_bytes("subject", ISSUER, "u"), 0)]


def test_ancestors_and_actors_stand_beside_the_tokens_own() -> None:
    claims = {
        "gid": "g-1",
        "ancestor_gids": ["g-0"],
        "client_id": "c-1",
        "ww_epoch": [1, 2, 3],
        "ww_actors": [["c-2", 9]],
    }
    assert digests(claims, "grant") == [
        (digest_bytes("grant", ISSUER, "g-1"), ALWAYS),
        (digest_bytes("grant", ISSUER, "g-0"), ALWAYS),
    ]
    assert digests(claims, "client") == [
        (digest_bytes("client", ISSUER, "c-1"), 2),
        (digest_bytes("client", ISSUER, "c-2"), 9),
    ]


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("jti", 1),
        ("jti", None),
        ("gid", ["g"]),
        ("sid", True),
        ("sub", {}),
        ("client_id", 1.5),
        ("gid", "g\0session"),
        ("ww_epoch", None),
        ("ww_epoch", (1, 2, 3)),
        ("ww_epoch", [1, 2, 3, 4]),
        ("ww_epoch", [1, 2, 3.0]),
        ("ww_epoch", [1, 2, False]),
        ("ancestor_gids", None),
        ("ancestor_gids", ["a", 1]),
        ("ancestor_gids", {"a": 1}),
        ("ww_actors", [["c", 1, 2]]),
        ("ww_actors", ["c1"]),
        ("ww_actors", [[1, 1]]),
        ("ww_actors", [["c", -1]]),
        ("ww_actors", [["c", "1"]]),
    ],
)
def test_j56_a_claim_that_is_not_what_it_must_be_is_never_as_good_as_absent(claim: str, value: Any) -> None:
    with pytest.raises(ClaimError) as caught:
        TokenMarks.of({claim: value}, kid="k-1", issuer=ISSUER)
    assert caught.value.claim == claim


def test_j42_the_repr_shows_nothing() -> None:
    assert repr(TokenMarks.of({"jti": "canary"}, kid="canary", issuer=ISSUER)) == "<TokenMarks>"
