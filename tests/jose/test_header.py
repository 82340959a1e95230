"""Header rules (THREATS J01-J04, J37-J53)."""

from typing import Any

import pytest
from tests.jose.forge import forge

from watchword.jose import Key, jws
from watchword.jose.errors import (
    AlgorithmNotAllowedError,
    JOSEError,
    MalformedTokenError,
    UnknownKeyError,
    UnsupportedHeaderError,
)
from watchword.jose.header import normal_type, parse

KEY = Key.generate("ES256", kid="k1")


def refusal(header: dict[str, Any] | str | bytes) -> JOSEError:
    with pytest.raises(JOSEError) as caught:
        jws.verify(forge(KEY, header), KEY)
    return caught.value


@pytest.mark.parametrize("alg", ["none", "nOnE", "None", "NONE", " none", "none\0", "XX999", "es256", "ES256 "])
def test_j01_j02_j04_an_algorithm_that_is_not_the_keys_is_refused(alg: str) -> None:
    assert type(refusal({"alg": alg})) is AlgorithmNotAllowedError


@pytest.mark.parametrize("alg", ["none", "nOnE", "NONE", "XX999"])
def test_j01_an_empty_signature_is_refused(alg: str) -> None:
    unsigned = forge(KEY, {"alg": alg}).rpartition(".")[0] + "."
    with pytest.raises(AlgorithmNotAllowedError):
        jws.verify(unsigned, KEY)


@pytest.mark.parametrize("alg", [None, 1, True, [], ["ES256"], {}, ""])
def test_j02_an_algorithm_that_is_no_string_is_malformed(alg: object) -> None:
    assert type(refusal({"alg": alg})) is MalformedTokenError


def test_j03_a_missing_algorithm_is_malformed() -> None:
    assert type(refusal({"typ": "JWT"})) is MalformedTokenError


def test_j38_a_repeated_name_is_malformed() -> None:
    assert type(refusal('{"\\u0061lg":"ES256","alg":"ES256"}')) is MalformedTokenError


def test_j41_a_header_that_is_no_object_is_malformed() -> None:
    assert type(refusal("[]")) is MalformedTokenError


def test_j42_a_long_header_is_refused_and_not_repeated() -> None:
    error = refusal({"alg": "ES256", "x": "canary" * 1000})
    assert type(error) is MalformedTokenError
    assert "canary" not in str(error)


@pytest.mark.parametrize(
    "crit",
    [["exp"], [], ["alg"], ["x", "x"], "exp", [1], None],
    ids=["one", "none", "known", "twice", "text", "no", "nil"],
)
def test_j43_any_crit_is_refused(crit: object) -> None:
    assert type(refusal({"alg": "ES256", "crit": crit, "exp": 1})) is UnsupportedHeaderError


@pytest.mark.parametrize("name", ["b64", "zip"])
def test_j44_j72_encodings_are_refused(name: str) -> None:
    assert type(refusal({"alg": "ES256", name: False})) is UnsupportedHeaderError


@pytest.mark.parametrize("kid", [1, None, [], {}, "", "x" * 129, "a\nb", "a\0b"])
def test_j47_a_kid_that_is_no_short_printable_string_is_malformed(kid: object) -> None:
    assert type(refusal({"alg": "ES256", "kid": kid})) is MalformedTokenError


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "http://127.0.0.1/", "$(id)", "*)(uid=*"])
def test_j53_a_kid_is_only_ever_a_name(kid: str) -> None:
    assert type(refusal({"alg": "ES256", "kid": kid})) is UnknownKeyError


def test_j50_j52_keys_in_the_header_are_never_used() -> None:
    attacker = Key.generate("ES256", kid="k1")
    header = {
        "alg": "ES256",
        "kid": "k1",
        "jwk": attacker.to_dict(),
        "jku": "http://127.0.0.1:1/jwks",
        "x5u": "http://127.0.0.1:1/x5u",
        "x5c": ["MIIB"],
    }
    with pytest.raises(JOSEError) as caught:
        jws.verify(forge(attacker, header), KEY)
    assert caught.value.code == "signature_invalid"


@pytest.mark.parametrize(
    ("typ", "kind"),
    [
        ("at+jwt", "at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("application/a/b", "application/a/b"),
    ],
)
def test_j65_types_compare_as_media_types(typ: str, kind: str) -> None:
    assert normal_type(typ) == kind


def test_a_type_that_is_no_string_is_malformed() -> None:
    with pytest.raises(MalformedTokenError):
        parse(b"eyJhbGciOiJFUzI1NiIsInR5cCI6MX0")  # {"alg":"ES256","typ":1}
