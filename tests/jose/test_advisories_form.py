"""Published attacks on the form of tokens, by number: size, shape, extensions, and everything encrypted, which does
not exist here (THREATS J36-J46, J48, J51, J52, J66, J67, J69, J72-J79).
"""

import inspect
import json
import socket
import threading
import time
import tracemalloc
import zlib
from typing import Any

import pytest
from tests.jose.forge import b64, forge

import watchword.jose
from watchword.jose import Key, KeySet, SignedClaims, jws, jwt
from watchword.jose.algorithms import ALGORITHMS
from watchword.jose.errors import (
    AlgorithmNotAllowedError,
    InvalidKeyError,
    JOSEError,
    MalformedTokenError,
    UnsupportedHeaderError,
    UnsupportedKeyError,
)
from watchword.jose.json_object import decode_object

KEY = Key.generate("ES256", kid="k")
TOKEN = jwt.encode({"sub": "alice"}, KEY)
HEAD, BODY, SIGNATURE = TOKEN.split(".")


def malformed(token: Any) -> JOSEError:
    with pytest.raises(MalformedTokenError) as caught:
        jwt.decode(token, KEY)
    return caught.value


@pytest.mark.parametrize("number", ["cve_2025_30204", "cve_2025_27144"])
def test_j36_dots_cost_no_memory(number: str) -> None:
    token = {"cve_2025_30204": "." * 16_384, "cve_2025_27144": TOKEN + ".a" * 5_000}[number]
    malformed(token)
    tracemalloc.start()
    malformed(token)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * len(token)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(
            json.dumps({"payload": BODY, "protected": HEAD, "signature": SIGNATURE}), id="cve_2022_39227_flattened"
        ),
        pytest.param(
            f'{{" {HEAD}.":"","protected":"{HEAD}","payload":"{BODY}","x":".{SIGNATURE}"}}', id="cve_2022_39227"
        ),
        pytest.param(f'{{"a":"{HEAD}.{BODY}.{SIGNATURE}"}}', id="cve_2022_39227_inside"),
        pytest.param(
            json.dumps({"payload": BODY, "signatures": [{"protected": HEAD, "signature": SIGNATURE}]}),
            id="cve_2022_3102",
        ),
        pytest.param(json.dumps({"payload": BODY, "signatures": []}), id="cve_2024_21664"),
        pytest.param(json.dumps({"payload": BODY, "signatures": []}), id="joserfc_1_7_4"),
        pytest.param(
            json.dumps({"payload": BODY, "protected": HEAD, "header": {"alg": "none"}, "signature": SIGNATURE}),
            id="joserfc_1_3_1",
        ),
        pytest.param(
            json.dumps({"payload": BODY, "header": {"alg": "ES256"}, "signature": SIGNATURE}), id="authlib_0c3ae25f"
        ),
    ],
)
def test_j37_j45_j46_there_is_no_json_form(token: str) -> None:
    malformed(token)
    with pytest.raises(TypeError):
        jwt.decode(json.loads(token), KEY)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_j40_cve_2025_53864_depth_is_refused_and_breaks_nothing(opening: str) -> None:
    for depth in (33, 1_000, 5_000):
        for payload in (f'{{"x":{opening * depth}', '{"x":' + "[" * depth + "]" * depth + "}"):
            with pytest.raises(MalformedTokenError):
                decode_object(payload.encode())
    if len(opening) == 1:
        malformed(forge(KEY, {"alg": "ES256", "kid": "k"}, '{"x":' + "[" * 5_000 + "]" * 5_000 + "}"))


@pytest.mark.parametrize("number", ["cve_2025_65015", "cve_2025_61920"])
def test_j42_what_is_too_long_is_refused_early_and_not_repeated(number: str) -> None:
    canary = "Y2FuYXJ5"
    token = {
        "cve_2025_65015": f"{canary * 700}.{BODY}.{SIGNATURE}",  # the header
        "cve_2025_61920": f"{HEAD}.{canary * 2_000_000}.{SIGNATURE}",  # all of it
    }[number]
    begun = time.process_time()
    error = malformed(token)
    assert time.process_time() - begun < 0.1
    assert canary not in f"{error} {error.detail} {error.__cause__} {error.__context__}"


CRITS: list[Any] = [["exp"], [], ["x"], ["alg"], ["b64"], "exp", [1], [""], None, {}, ["x", "x"]]


@pytest.mark.parametrize("number", ["cve_2025_59420", "cve_2026_32597", "cve_2026_35042"])
def test_j43_what_is_declared_critical_is_not_ignored(number: str) -> None:
    for crit in CRITS:
        for more in ({}, {"x": 1, "exp": 1, "b64": True}):
            with pytest.raises(UnsupportedHeaderError):
                jwt.decode(forge(KEY, {"alg": "ES256", "kid": "k", "crit": crit} | more), KEY)


@pytest.mark.parametrize("b64_member", [False, True, None, 0, "false"])
@pytest.mark.parametrize("crit", [None, ["b64"]])
def test_j44_cve_2026_48525_payloads_that_are_not_encoded_are_refused_unread(b64_member: Any, crit: Any) -> None:
    members = {"alg": "ES256", "kid": "k", "b64": b64_member} | ({} if crit is None else {"crit": crit})
    token = forge(KEY, members)
    for text in (token, f"{token.partition('.')[0]}..{SIGNATURE}", f"{token.partition('.')[0]}.{{}}.{SIGNATURE}"):
        with pytest.raises(UnsupportedHeaderError):
            jwt.decode(text, KEY)


def test_j48_nothing_reads_claims_that_nobody_signed() -> None:
    message = jws.split(TOKEN)
    assert not hasattr(message, "claims")
    assert not hasattr(message, "payload")
    assert not isinstance(message, SignedClaims | dict)
    assert set(watchword.jose.__all__) == {"JOSEError", "Key", "KeySet", "SignedClaims", "jws", "jwt"}
    for function in (jws.verify, jws.verify_message, jws.signed_payload, jwt.decode, jwt.decode_message, jwt.signed):
        parameters = inspect.signature(function).parameters
        assert parameters["key"].default is inspect.Parameter.empty
        # J69: no option is a pattern, and none turns a check off.
        assert set(parameters) <= {"token", "message", "key", "algorithms", "typ"}


def test_j69_cve_2026_35041_names_are_compared_and_never_matched() -> None:
    for typ in (".*", "at.jwt", "(a+)+$", "at+jwt|JWT"):
        with pytest.raises(JOSEError):
            jwt.decode(jwt.encode({}, KEY, typ="at+jwt"), KEY, typ=typ)
    with pytest.raises(ValueError, match="algorithms"):
        jwt.decode(TOKEN, KEY, algorithms=("ES.*",))
    with pytest.raises(JOSEError):
        KeySet([KEY]).find("^k$")


def test_j51_j52_addresses_and_certificates_in_a_header_are_never_looked_at() -> None:
    attacker = Key.generate("ES256")
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def count() -> None:
            try:
                connections.append(server.accept()[1])
            except OSError:
                return

        listener = threading.Thread(target=count)
        listener.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        for name in ("jku", "x5u", "x5c", "x5t", "x5t#S256", "jwk"):
            value = (
                [b64("certificate")] if name == "x5c" else attacker.to_dict() if name == "jwk" else f"{address}/{name}"
            )
            token = forge(attacker, {"alg": "ES256", "kid": "k", name: value})
            with pytest.raises(JOSEError):
                jwt.decode(token, KeySet([KEY]))
        assert connections == []
        server.shutdown(socket.SHUT_RDWR)
        listener.join(5)
    assert connections == []


def encrypted(**members: Any) -> str:
    """Five segments, as JWE has."""
    return ".".join((b64(json.dumps(members)), b64(b"k" * 32), b64(b"i" * 12), b64(TOKEN), b64(b"t" * 16)))


BOMB = b64(zlib.compress(b" " * 250_000))
ENCRYPTED = [
    ("cve_2026_29000", {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}),
    ("cve_2023_51774", {"alg": "dir", "enc": "A128GCM"}),
    ("cve_2022_3102_jwe", {"alg": "A128KW", "enc": "A128GCM", "typ": "JWT"}),
    ("cve_2022_36083", {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1}),
    ("cve_2023_6681", {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 10**9}),
    *(
        (number, {"alg": "PBES2-HS384+A192KW", "enc": "A128GCM", "p2c": 1.5})
        for number in ("cve_2023_51775", "cve_2023_49290", "cve_2023_52428", "cve_2023_50966")
    ),
    ("cve_2026_27932", {"alg": "PBES2-HS512+A256KW", "enc": "A128GCM", "p2c": -1}),
    ("cve_2017_16007", {"alg": "ECDH-ES", "enc": "A128GCM", "epk": KEY.to_dict()}),
    ("cve_2016_9121", {"alg": "ECDH-ES+A128KW", "enc": "A128GCM", "epk": {"kty": "EC"}}),
    ("cve_2017_12973", {"alg": "dir", "enc": "A128CBC-HS256"}),
    *(
        (number, {"alg": "dir", "enc": "A256CBC-HS512"})
        for number in ("cve_2021_29443", "cve_2021_29444", "cve_2021_29445", "cve_2021_29446")
    ),
    ("cve_2025_54887", {"alg": "A128GCMKW", "enc": "A128GCM", "tag": ""}),
    ("cve_2018_1000539", {"alg": "dir", "enc": "A128GCM", "tag": "AA"}),
    ("cve_2026_28490", {"alg": "RSA1_5", "enc": "A128CBC-HS256"}),
    ("pysec_2016_4", {"alg": "RSA1_5", "enc": "A128GCM"}),
    ("cve_2026_34986", {"alg": "A128KW", "enc": "A128GCM"}),
    *(
        (number, {"alg": "dir", "enc": "A128GCM", "zip": "DEF"})
        for number in (
            "cve_2024_28180",
            "cve_2024_28176",
            "cve_2024_29371",
            "cve_2024_28122",
            "cve_2024_21319",
            "cve_2025_62706",
            "cve_2024_28102",
            "cve_2026_39373",
        )
    ),
]


@pytest.mark.parametrize(("number", "members"), ENCRYPTED, ids=[number for number, _ in ENCRYPTED])
def test_j66_j67_j72_nothing_encrypted_is_read(number: str, members: dict[str, Any]) -> None:
    malformed(encrypted(**members))
    malformed(encrypted(**members).replace(b64(b"k" * 32), ""))
    # With the same header in the only form that there is: refused for the header, before the payload is looked at.
    with pytest.raises((UnsupportedHeaderError, AlgorithmNotAllowedError)):
        jwt.decode(forge(KEY, members | {"kid": "k"}, BOMB), KEY)


def test_j67_no_algorithm_and_no_key_here_encrypts() -> None:
    assert {row.name[:2] for row in ALGORITHMS} == {"ES", "Ed", "ML", "RS", "PS", "HS"}
    with pytest.raises(UnsupportedKeyError):
        Key.from_dict(KEY.to_dict() | {"use": "enc"})
    for alg in ("RSA-OAEP-256", "ECDH-ES", "A128KW", "dir", "RSA1_5"):
        with pytest.raises(InvalidKeyError):
            Key.from_dict(KEY.to_dict() | {"alg": alg})


def test_j72_a_signed_payload_is_not_inflated() -> None:
    malformed(forge(KEY, {"alg": "ES256", "kid": "k"}, zlib.compress(b'{"sub":"alice"}')))
    with pytest.raises(UnsupportedHeaderError):
        jwt.decode(forge(KEY, {"alg": "ES256", "kid": "k", "zip": "DEF"}, zlib.compress(b"{}")), KEY)
