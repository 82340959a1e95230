"""The short way of an ASGI request says what the long one says: of headers twice or smuggled, queries, certificates.

THREATS J92, J93, O45; RFC 6750 section 2.
"""

import random
import ssl
from collections.abc import Mapping
from typing import Any

import pytest
from tests.verify.proofs import proof
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, access_token

from watchword.asgi import Protected
from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.oauth.dpop import ath
from watchword.verify.certificate import certificate_thumbprint
from watchword.verify.protection import Protection
from watchword.verify.requirements import requirements
from watchword.verify.sender import SenderPolicy

KEY, STRANGER, DPOP = Key.generate("Ed25519"), Key.generate("Ed25519"), Key.generate("ES256")
DER = b"\x30\x03\x02\x01\x01"
PEM = ssl.DER_cert_to_PEM_cert(DER)
GOOD = access_token(KEY)
BOUND = access_token(KEY, cnf={"jkt": DPOP.thumbprint()})
CERTIFIED = access_token(KEY, cnf={"x5t#S256": certificate_thumbprint(DER)})
TOKENS = [
    *[GOOD] * 4,
    access_token(KEY, scope=ABSENT),
    BOUND,
    CERTIFIED,
    access_token(KEY, exp=NOW),
    access_token(KEY, iat=NOW + 11),
    access_token(STRANGER),
    GOOD[:-8] + "AAAAAAAA",
    GOOD[:-1],
    GOOD + "=",
    f"{GOOD}.{GOOD}",
    "\xe9" + GOOD,
    GOOD + "\x00",
    "a.b.c",
    "opaque",
    "",
]
SCHEMES = [*["Bearer "] * 4, "bearer ", "BEARER ", "Bearer  ", "Bearer\t", "Bearer", "DPoP ", "Basic ", " Bearer ", ""]
ENDINGS = [*[""] * 6, " ", "\t", "\n", "=", ",", ", Bearer x", "\xa0", "\x00", " x"]
NAMES = [*[b"authorization"] * 4, b"Authorization", b"authorization ", b"proxy-authorization", b"cookie", b"x-cert"]
QUERIES = [
    b"x=1",
    b"access_token=x",
    b"access_token",
    b"%61ccess_token=x",
    b"a%63cess%5Ftoken=1",
    b"ACCESS_TOKEN=1",
    b"access+token=1",
    b"x;access_token=1",
    b"x=access_token",
    b"access_token%00=1",
    b"&&access_token&&",
    b"%2561ccess_token=1",
    b"=access_token",
    b"access_token\xff",
    b"x=%zz",
    "%61ccess_token=1",
    "x=1",
    None,
]
EXTENSIONS: list[dict[str, Any]] = [
    {},
    {"http.response.push": {}},
    {"tls": {}},
    {"tls": None},
    {"tls": {"client_cert_chain": [PEM]}},
    {"tls": {"client_cert_chain": []}},
    {"tls_client_certificate": DER},
    {"TLS": {"client_cert_chain": [PEM]}},
]
POLICIES = {
    "none": None,
    "accept": SenderPolicy(),
    "require": SenderPolicy(dpop="require"),
    "nonces": SenderPolicy(nonce_secret=b"x" * 32),
    "certificate header": SenderPolicy(danger_certificate_header="x-cert"),
}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with all that it was told about the caller."""
    del receive
    found = scope["state"]["claims"]
    told = found and (dict(found), sorted(found.scopes), sorted(found.roles), found.sub, found.is_client)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": repr(told).encode()})


def protected(clock: SettableClock, policy: SenderPolicy | None, *, optional: bool, cached: bool) -> Protected:
    sender: Any = {} if policy is None else {"sender": policy}
    protection = Protection(issuer=ISSUER, audience=API, keys=KeySet([KEY]), clock=clock, cache=cached, **sender)
    return Protected(application, protection, requirements(scopes=["orders:read"]), optional=optional)


def answer_of(app: Protected, scope: Mapping[str, Any]) -> str:
    """Everything that is sent for the request; nothing has to be waited for."""
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    running = app({**scope, "state": {}}, receive, send)
    with pytest.raises(StopIteration):
        running.send(None)
    return repr(sent)


def header(choice: random.Random) -> tuple[bytes, bytes]:
    if choice.random() < 0.1:
        return b"dpop", choice.choice([b"x", b"", b"x,y", proof_of(choice)])
    if choice.random() < 0.05:
        return b"sec-websocket-protocol", b"watchword.bearer, " + GOOD.encode()
    value = choice.choice(SCHEMES) + choice.choice(TOKENS) + choice.choice(ENDINGS)
    return choice.choice(NAMES), value.encode("latin-1")


def proof_of(choice: random.Random) -> bytes:
    return proof(DPOP, ath=ath(BOUND), jti=str(choice.random())).encode()


def scope_of(choice: random.Random) -> dict[str, Any]:
    headers = [header(choice) for _ in range(choice.choice([0, 1, 1, 2, 3]))]
    kind = choice.random()
    if kind < 0.4:  # a good one, and at most one thing that is odd
        headers = [(b"authorization", b"Bearer " + GOOD.encode()), *headers[2:]]
    elif kind < 0.45:
        headers = [(b"authorization", b"DPoP " + BOUND.encode()), (b"dpop", proof_of(choice))]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/orders",
        "headers": headers,
        "query_string": b"",
    }
    if choice.random() < 0.4:
        scope["query_string"] = choice.choice(QUERIES)
    if choice.random() < 0.3:
        scope["extensions"] = choice.choice(EXTENSIONS)
    return scope


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("cached", [False, True])
def test_odd_requests_fare_as_on_the_long_way(policy: SenderPolicy | None, *, cached: bool) -> None:
    choice = random.Random(repr((policy, cached)))
    clock = SettableClock(NOW)
    for optional in (False, True):
        short = protected(clock, policy, optional=optional, cached=cached)
        long = protected(clock, policy, optional=optional, cached=False)
        long._bearer_at_once = lambda _: None
        statuses = set()
        for _ in range(220):
            scope = scope_of(choice)
            long.protection.verifier._verification._known = {}
            expected = answer_of(long, scope)
            assert answer_of(short, scope) == expected, scope
            statuses.add(expected[expected.index("'status': ") :][10:13])
            if choice.random() < 0.03:
                clock.jump(choice.choice([-11.0, 1.0, 299.0, 300.0]) if clock.now() == NOW else NOW - clock.now())
        assert statuses >= {"200", "400", "401"}


def test_the_short_way_is_taken() -> None:
    """So that the test above says something."""
    app = protected(SettableClock(NOW), None, optional=False, cached=False)
    scope = {"type": "http", "headers": [(b"authorization", b"Bearer " + GOOD.encode())], "query_string": b"x=1"}
    assert app._bearer_at_once(scope) is not None
    for name, value in ((b"dpop", b"x"), (b"authorization", b"Basic eA==")):
        assert app._bearer_at_once({**scope, "headers": [*scope["headers"], (name, value)]}) is None
    for query in (b"access_token=x", b"%61ccess_token=x"):
        assert app._bearer_at_once({**scope, "query_string": query}) is None
    assert app._bearer_at_once({**scope, "extensions": {"tls_client_certificate": DER}}) is None
