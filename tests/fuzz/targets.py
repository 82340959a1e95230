"""What a coverage-guided fuzzer is let loose on: every reader of bytes that strangers send, and what must hold of it.

Each target takes any bytes. It may refuse them only with the errors that its docstring tells; what it accepts must come
out the same when it is written and read again. `scripts/fuzz` runs them under atheris; `test_targets.py` runs their
seeds in every run of the tests.
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from watchword.jose import Key, KeySet, base64url, jws, jwt
from watchword.jose import header as jose_header
from watchword.jose.errors import (
    AlgorithmNotAllowedError,
    InvalidKeyError,
    MalformedTokenError,
    SignatureInvalidError,
    UnknownKeyError,
    UnsupportedHeaderError,
)
from watchword.jose.json_object import decode_object
from watchword.oauth.dpop import PROOF_TYPE, ath
from watchword.oauth.revocation import MESSAGE_TYPE
from watchword.verify import dpop
from watchword.verify.errors import SenderProofError
from watchword.verify.revocation import message as journal_message
from watchword.verify.revocation.errors import MessageRefusedError
from watchword.verify.revocation.event_stream import Event, EventStream

NOW = 1_790_000_000
ISSUER = "https://issuer.example"
SIGNING_KEY = Key.generate("ES256", kid="k")
QUICK_KEY = Key.generate("HS256")  # where only the payload matters: a hundred times faster to sign and verify
FEED_KEYS = KeySet([SIGNING_KEY])


@dataclass(frozen=True)
class Target:
    """One reader.

    Args:
        run: gives it the bytes; raises where something does not hold.
        seeds: bytes from which the fuzzer starts; some are good, some are nearly.
        words: what it may insert.
    """

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def read_base64url(data: bytes) -> None:
    try:
        decoded = base64url.decode(data)
    except MalformedTokenError:
        pass
    else:
        assert base64url.encode(decoded) == data
    assert base64url.decode(base64url.encode(data)) == data


def read_json_object(data: bytes) -> None:
    """Whatever is accepted, Python's own decoder reads in the same way, no name twice and no constant."""
    try:
        members = decode_object(data)
    except MalformedTokenError:
        return
    assert json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_never) == members
    assert decode_object(msgspec.json.encode(members)) == members


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    assert len(members) == len(pairs)
    return members


def _never(constant: str) -> NoReturn:
    raise AssertionError(constant)


def read_header(data: bytes) -> None:
    """Both as the segment of a token, and as the JSON inside one."""
    for segment in (data, base64url.encode(data)):
        try:
            header = jose_header.parse(segment)
        except (MalformedTokenError, UnsupportedHeaderError):
            continue
        assert base64url.encode(base64url.decode(segment)) == segment
        assert header.alg
        assert header.alg == header.members["alg"]
        assert not {"crit", "b64", "zip"} & set(header.members)
        assert (header.kind is None) == ("typ" not in header.members)
        assert header.kid == header.members.get("kid")


def read_key(data: bytes) -> None:
    try:
        members = decode_object(data)
        key = Key.from_dict(members)
    except (MalformedTokenError, InvalidKeyError):
        return
    written = key.to_dict(private=True)
    again = Key.from_dict(written)
    assert again.to_dict(private=True) == written
    assert (again.thumbprint(), again.kid, again.alg) == (key.thumbprint(), key.kid, key.alg)
    # Nothing is repaired on the way: what was read is what is written.
    assert {name: members[name] for name in written if name in members} == {
        name: value for name, value in written.items() if name in members
    }


def read_key_set(data: bytes) -> None:
    try:
        keys = KeySet.from_dict(decode_object(data))
    except (MalformedTokenError, InvalidKeyError):
        return
    written = keys.to_dict(private=True)
    assert KeySet.from_dict(written).to_dict(private=True) == written
    assert all(keys.find(key.kid) is key for key in keys)


def read_token(data: bytes) -> None:
    """Taken apart, and verified; and as the payload of a token whose signature holds."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        message = jws.split(text)
    except (MalformedTokenError, UnsupportedHeaderError):
        pass
    else:
        segments = (message.header_segment, message.payload_segment, message.signature_segment)
        assert b".".join(segments) == text.encode()
        assert message.signing_input == b".".join(segments[:2])
        try:
            verified = jws.verify_message(message, SIGNING_KEY)
        except (MalformedTokenError, AlgorithmNotAllowedError, UnknownKeyError, SignatureInvalidError):
            pass
        else:
            assert base64url.encode(verified.payload) == message.payload_segment
    try:
        claims = jwt.decode(jws.sign(data, QUICK_KEY, typ="JWT"), QUICK_KEY, algorithms=("HS256",)).claims
    except MalformedTokenError:
        return
    assert claims == decode_object(data)


def read_journal_message(data: bytes) -> None:
    """As a message of the feed, and as the claims of one whose signature holds."""
    with contextlib.suppress(MessageRefusedError):
        journal_message.read(journal_message.split(data), FEED_KEYS, issuer=ISSUER, now=NOW, leeway=0)
    try:
        claims = decode_object(data)
    except MalformedTokenError:
        return
    try:
        message = journal_message.read_claims(claims, issuer=ISSUER, now=NOW, leeway=0)
    except MessageRefusedError:
        return
    numbers = [entry.seq for entry in message.entries]
    assert numbers == sorted(set(numbers))
    assert all(message.first < number <= message.to <= message.head for number in numbers)
    assert all(len(entry.digest) == 16 for entry in message.entries)
    assert [base64url.encode_text(entry.digest) for entry in message.entries] == [row[2] for row in claims["entries"]]


def read_event_stream(data: bytes) -> None:
    """However the bytes are cut, the events are the same; the first byte says where."""
    if not data:
        return
    place = data[0] % max(1, len(data) - 1)
    text = data[1:800]  # longer ones only take longer: the stream is bounded at 256
    assert _events([text]) == _events([text[:place], text[place:]]) == _events([bytes((byte,)) for byte in text])


def _events(chunks: list[bytes]) -> list[Event] | None:
    stream = EventStream(max_bytes=256)
    try:
        return [event for chunk in chunks for event in stream.feed(chunk)]
    except MessageRefusedError:
        return None


def read_proof(data: bytes) -> None:
    """As a DPoP proof, and as the claims of one whose signature holds."""
    own = jws.sign(data, SIGNING_KEY, typ=PROOF_TYPE, embed_public_key=True)
    for proof in (data.decode("utf-8", "surrogateescape"), own):
        try:
            proved = dpop.check_proof(
                proof, expected_method="GET", expected_uri="https://api.example/orders", now=NOW, access_token="token"
            )
        except SenderProofError:
            continue
        assert proved.expires_at > NOW
        assert proved.thumbprint == SIGNING_KEY.thumbprint()
        claims = decode_object(base64url.decode_text(proof.split(".")[1]))
        assert (claims["htm"], claims["ath"]) == ("GET", ath("token"))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _entry(number: int, kind: str, *epoch: int) -> list[object]:
    return [number, kind, "A" * 22, NOW + 60, *epoch]


_KEYS = [
    Key.generate(alg).to_dict(private=True) for alg in ("ES256", "ES512", "Ed25519", "Ed448", "HS256", "ML-DSA-44")
]
_RSA = Key.generate("RS256")
_PUBLIC = [key for key in _KEYS if key["kty"] != "oct"] + [_RSA.to_dict()]
_JOURNAL = {"iss": ISSUER, "ver": 1, "iat": NOW - 1, "exp": NOW + 60, "journal_id": "j"}
_ENTRIES = [_entry(1, "token"), _entry(2, "subject", 5), _entry(3, "all", 7)]
_SNAPSHOT = {**_JOURNAL, "type": "snapshot", "seq": 3, "entries": _ENTRIES}
_BATCH = {**_JOURNAL, "type": "batch", "from": 0, "to": 3, "head": 9, "entries": _ENTRIES}
_PROOF = {"jti": "1", "htm": "GET", "htu": "https://api.example/orders", "iat": NOW, "ath": ath("token")}
_CLAIMS = {"iss": ISSUER, "sub": "alice", "aud": ["a", "b"], "exp": NOW + 60, "nested": {"a": [1, 2.5, None, True]}}
_OBJECTS = (
    *(
        b"{}",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"\\u0062":2}}',
        b' {"a" : [1e5,-0.0,"\\ud83d\\udc4b"]}',
        b'{"a":NaN}',
        b"[]",
    ),
    *(b'{"a":99999999999999999999}', b'{"a":"\\ud800"}', b'{"a":' * 33 + b"1" + b"}" * 33, _json(_CLAIMS)),
)
_JSON_WORDS = (
    b'"',
    b":",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\u0061",
    b"null",
    b"1e9",
    b"\\ud800",
    b'{"a":1}',
    b"\\",
    b" ",
)
_KEY_WORDS = tuple(
    f'"{word}"'.encode()
    for word in (
        "kty",
        "crv",
        "alg",
        "kid",
        "use",
        "sig",
        "key_ops",
        "verify",
        "x",
        "y",
        "d",
        "n",
        "e",
        "k",
        "pub",
        "priv",
    )
)
_TOKEN = jwt.encode(_CLAIMS, SIGNING_KEY).encode()

TARGETS: dict[str, Target] = {
    "base64url": Target(read_base64url, (b"", b"AA", b"AQ", b"AAA", b"-_8", b"AAAA=", b"A+/A", b"AB")),
    "json": Target(read_json_object, _OBJECTS, _JSON_WORDS),
    "header": Target(
        read_header,
        (
            _TOKEN.partition(b".")[0],
            *(
                _json(header)
                for header in (
                    {"alg": "ES256", "typ": "at+jwt", "kid": "k"},
                    {"alg": "none", "crit": ["b64"], "b64": False},
                    {"alg": 1},
                )
            ),
        ),
        (*_JSON_WORDS, b'"alg"', b'"typ"', b'"kid"', b'"crit"', b'"zip"', b"application/"),
    ),
    "jwk": Target(read_key, tuple(_json(key) for key in (*_KEYS, _RSA.to_dict(private=True))), _KEY_WORDS),
    "jwks": Target(read_key_set, (_json({"keys": _PUBLIC}), _json({"keys": _KEYS[:1]}), b'{"keys":[]}'), _KEY_WORDS),
    "token": Target(read_token, (_TOKEN, _TOKEN[:-4], *_OBJECTS), (b".", b"..", *_JSON_WORDS)),
    "journal": Target(
        read_journal_message,
        (_json(_SNAPSHOT), _json(_BATCH), jwt.encode(_SNAPSHOT, SIGNING_KEY, typ=MESSAGE_TYPE).encode()),
        (*_JSON_WORDS, b'"entries"', b'"session"', b'"key"', b'"client"'),
    ),
    "events": Target(
        read_event_stream,
        (b"\x05event: message\r\ndata: a\r\rdata:b\n\n", b"\x00\xef\xbb\xbfdata\n: comment\ndata: x\r\n\r\n"),
        (b"data:", b"event:", b"\n\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b":"),
    ),
    "proof": Target(
        read_proof,
        (_json(_PROOF), jwt.encode(_PROOF, SIGNING_KEY, typ=PROOF_TYPE, embed_public_key=True).encode()),
        (*_JSON_WORDS, b'"htu"', b'"iat"', b"https://", b"%41", b"/../"),
    ),
}
