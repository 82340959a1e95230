"""A verifier that looks tokens up in the Token Status Lists of an issuer that is not ours, over real sockets."""

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.verify.loopback_issuer import JSON, Answer, LoopbackIssuer, loopback_issuer

from watchword.clock import SettableClock
from watchword.jose import Key, base64url, jwt
from watchword.verify import AsyncVerifier, Verifier
from watchword.verify.errors import (
    ClaimInvalidError,
    StatusUnavailableError,
    TokenRevokedError,
    VerifierSettingsError,
)
from watchword.verify.status_list.reader import COOL_DOWN

pytestmark = pytest.mark.anyio

NOW = 1_790_000_000
AUDIENCE = "https://orders.example"
LIST = "/lists/1"


class Lists:
    """An issuer of tokens and of one list, whose answer a test may replace."""

    def __init__(self, issuer: LoopbackIssuer, clock: SettableClock) -> None:
        self.issuer = issuer
        self.clock = clock
        self.bits = bytearray(2)
        self.media_type = "application/statuslist+jwt"
        self.status = 200
        self.changes: dict[str, Any] = {}
        issuer.answer = self._answer

    @property
    def asked(self) -> int:
        return self.issuer.requests.count(LIST)

    def _answer(self, path: str) -> Answer | None:
        if path != LIST:
            return None
        now = int(self.clock.now())
        claims = {
            "sub": self.issuer.url + LIST, "iat": now, "exp": now + 60, "ttl": 30,
            "status_list": {"bits": 1, "lst": base64url.encode_text(zlib.compress(bytes(self.bits)))}, **self.changes,
        }  # fmt: skip
        text = jwt.encode(claims, self.issuer.keys[0], typ="statuslist+jwt")
        return self.status, JSON | {"content-type": self.media_type}, text.encode()

    def token(self, idx: int | None = 0, *, uri: str | None = None, **changes: Any) -> str:
        now = int(self.clock.now())
        claims: dict[str, Any] = {
            "iss": self.issuer.url, "sub": "alice", "aud": AUDIENCE, "client_id": "till", "iat": now, "exp": now + 3000,
            "jti": "j", **changes,
        }  # fmt: skip
        if idx is not None:
            claims["status"] = {"status_list": {"idx": idx, "uri": uri or self.issuer.url + LIST}}
        return jwt.encode(claims, self.issuer.keys[0], typ="at+jwt")

    def verifier(self, mode: Any = "reject", **options: Any) -> Verifier:
        return Verifier(
            issuer=self.issuer.url, audience=AUDIENCE, status_lists=mode, revocation="off", clock=self.clock, **options
        )


@pytest.fixture
def lists() -> Iterator[Lists]:
    with loopback_issuer() as issuer:
        yield Lists(issuer, SettableClock(NOW))


@pytest.mark.parametrize("cache", [True, False])
def test_a_token_is_refused_when_its_bit_is_set_and_a_ttl_has_passed(lists: Lists, cache: bool) -> None:
    verifier, token, other = lists.verifier(cache=cache), lists.token(3), lists.token(4)
    assert verifier.verify(token).sub == "alice"
    lists.bits[0] = 0b1000
    lists.clock.advance(29)
    assert verifier.verify(token).sub == "alice"
    assert lists.asked == 1, "one list for all tokens, for as long as its ttl"
    lists.clock.advance(1)
    with pytest.raises(TokenRevokedError) as refused:
        verifier.verify(token)
    assert refused.value.kind == "status"
    assert verifier.verify(other).sub == "alice"
    assert lists.asked == 2


async def test_the_same_on_an_event_loop(lists: Lists) -> None:
    verifier = AsyncVerifier(
        issuer=lists.issuer.url, audience=AUDIENCE, status_lists="reject", revocation="off", clock=lists.clock
    )
    token = lists.token(0)
    assert (await verifier.verify(token)).sub == "alice"
    assert (await verifier.verify(token)).sub == "alice"
    assert lists.asked == 1
    lists.bits[0] = 1
    lists.clock.advance(30)
    with pytest.raises(TokenRevokedError):
        await verifier.verify(token)


def test_off_by_default_and_nothing_to_look_up_without_a_status(lists: Lists) -> None:
    lists.bits[0] = 1
    plain = Verifier(issuer=lists.issuer.url, audience=AUDIENCE, revocation="off", clock=lists.clock)
    assert plain.verify(lists.token(0)).sub == "alice"
    assert lists.verifier().verify(lists.token(None)).sub == "alice"
    assert lists.asked == 0


def test_a_list_that_cannot_be_had_is_decided_by_the_option(lists: Lists) -> None:
    lists.status = 500
    token = lists.token(0)
    rejecting, accepting = lists.verifier("reject"), lists.verifier("accept")
    for _ in range(2):
        with pytest.raises(StatusUnavailableError) as refused:
            rejecting.verify(token)
    assert refused.value.status == 503
    assert lists.asked == 1, "a list that could not be had is left alone for a while"
    assert accepting.verify(token).sub == "alice"
    lists.status = 200
    lists.clock.advance(COOL_DOWN)
    assert rejecting.verify(token).sub == "alice"


def test_what_was_withdrawn_stays_so_while_no_list_can_be_had(lists: Lists) -> None:
    verifier = lists.verifier("accept")
    lists.bits[0] = 1
    with pytest.raises(TokenRevokedError):
        verifier.verify(lists.token(0))
    lists.status = 503
    lists.clock.advance(3600)
    with pytest.raises(TokenRevokedError):
        verifier.verify(lists.token(0))
    assert verifier.verify(lists.token(1)).sub == "alice"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lists: setattr(lists, "media_type", "application/jwt"),
        lambda lists: setattr(lists, "changes", {"sub": "https://elsewhere.example/1"}),
        lambda lists: setattr(lists, "changes", {"iss": "https://elsewhere.example"}),
        lambda lists: setattr(lists, "changes", {"exp": NOW}),
        lambda lists: setattr(lists, "changes", {"status_list": {"bits": 1, "lst": "A" * (1 << 20)}}),
    ],
)
def test_a_list_that_is_not_to_be_believed_is_none(lists: Lists, spoil: Any) -> None:
    spoil(lists)
    with pytest.raises(StatusUnavailableError):
        lists.verifier().verify(lists.token(0))


def test_no_list_is_fetched_from_anywhere_else(lists: Lists) -> None:
    """A URL in a token leads to its issuer or nowhere (THREATS J86)."""
    with loopback_issuer() as stranger:
        for uri in (
            stranger.url + LIST,
            lists.issuer.url.replace("127.0.0.1", "localhost") + LIST,
            lists.issuer.url.replace("http://", "http://user@") + LIST,
            "file:///etc/passwd",
            "http://[::1",
            "//127.0.0.1/lists/1",
            LIST,
        ):
            with pytest.raises(StatusUnavailableError):
                lists.verifier().verify(lists.token(0, uri=uri))
        assert stranger.requests == []
    assert lists.asked == 0


def test_a_place_that_is_not_there_makes_the_token_bad(lists: Lists) -> None:
    for mode in ("accept", "reject"):
        with pytest.raises(ClaimInvalidError):
            lists.verifier(mode).verify(lists.token(16))
        with pytest.raises(ClaimInvalidError):
            lists.verifier(mode).verify(lists.token(None, status="good"))


def test_a_list_whose_exp_has_passed_is_fetched_again(lists: Lists) -> None:
    lists.changes = {"ttl": 300}
    verifier, token = lists.verifier(), lists.token(0)
    verifier.verify(token)
    lists.clock.advance(60)
    verifier.verify(token)
    assert lists.asked == 2


def test_many_threads_fetch_a_list_once(lists: Lists) -> None:
    verifier = lists.verifier()
    verifier.verify(lists.token(None))
    lists.issuer.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(verifier.verify, lists.token(idx)) for idx in range(8)]
        lists.issuer.gate.set()
        assert {future.result().sub for future in asked} == {"alice"}
    assert lists.asked == 1


def test_a_name_is_not_an_address(lists: Lists) -> None:
    """The issuer goes by another name than the one under which it is reached; so do its lists."""
    name = "https://auth.example.com"
    lists.issuer.issuer = name
    lists.changes = {"sub": name + LIST}
    verifier = Verifier(
        issuer=name,
        audience=AUDIENCE,
        jwks_url=lists.issuer.url + "/jwks",
        revocation="off",
        status_lists="reject",
        clock=lists.clock,
    )
    assert verifier.verify(lists.token(0, uri=name + LIST, iss=name)).sub == "alice"
    lists.bits[0] = 1
    lists.clock.advance(30)
    with pytest.raises(TokenRevokedError):
        verifier.verify(lists.token(0, uri=name + LIST, iss=name))


def test_settings_that_make_no_sense(lists: Lists) -> None:
    with pytest.raises(VerifierSettingsError, match="status_lists is one of"):
        lists.verifier("yes")
    with pytest.raises(VerifierSettingsError, match="shared secret"):
        lists.verifier(keys=Key.generate("HS256"), algorithms=["HS256"])
