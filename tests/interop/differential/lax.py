"""Verifiers with one mistake each, of the kinds that libraries have had: the harness must find every one of them."""

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tests.interop.differential.draft import NOW
from tests.interop.differential.harness import Verifier, watchword
from tests.interop.differential.peers import TYP, Case

from watchword.jose import JOSEError, Key, base64url, jws, jwt
from watchword.jose.algorithms import BY_NAME
from watchword.jose.claims import check_expiry
from watchword.jose.header import normal_type
from watchword.jose.json_object import decode_object


def forgets_the_expiry(case: Case, key: Key) -> None:
    """J56."""
    jwt.decode(case.token, key, algorithms=(case.alg,), typ=TYP)


def allows_an_expiry_on_the_second(case: Case, key: Key) -> None:
    """J57: a token has expired at ``exp``, not after it."""
    claims = jwt.decode(case.token, key, algorithms=(case.alg,), typ=TYP)
    check_expiry(claims, now=NOW - 1)


def forgets_the_type(case: Case, key: Key) -> None:
    """J65."""
    check_expiry(decode_object(jws.verify(case.token, key, algorithms=(case.alg,)).payload), now=NOW)


def accepts_any_prefix_of_the_type(case: Case, key: Key) -> None:
    """J64: ``endswith`` instead of equality."""
    message = jws.verify(case.token, key, algorithms=(case.alg,))
    if not normal_type(str(message.header.members.get("typ"))).strip().endswith(TYP):
        watchword(case, key)


def accepts_none(case: Case, key: Key) -> None:
    """J01, CVE-2015-9235."""
    try:
        watchword(case, key)
    except JOSEError:
        if jws.split(case.token).header.alg.lower() != "none":
            raise


def trusts_the_key_in_the_header(case: Case, key: Key) -> None:
    """J50, CVE-2018-0114."""
    try:
        watchword(case, key)
    except JOSEError:
        message = jws.split(case.token)
        carried = Key.from_dict(message.header.members.get("jwk", {}))
        check_expiry(decode_object(jws.verify_message(message, carried, algorithms=(carried.alg,)).payload), now=NOW)


def accepts_der(case: Case, key: Key) -> None:
    """J26: the other encoding of an ECDSA signature."""
    try:
        watchword(case, key)
    except JOSEError:
        message = jws.split(case.token)
        if case.alg not in {"ES256", "ES384", "ES512"}:
            raise
        try:
            r, s = decode_dss_signature(base64url.decode(message.signature_segment))
        except ValueError:
            return watchword(case, key)
        width = {"ES256": 32, "ES384": 48, "ES512": 66}[case.alg]
        key.verify(message.signing_input, r.to_bytes(width, "big") + s.to_bytes(width, "big"))


def ignores_what_is_critical(case: Case, key: Key) -> None:
    """J43: a header is read, whatever it demands."""
    try:
        watchword(case, key)
    except JOSEError:
        head, body, signature = (base64url.decode_text(part) for part in case.token.split("."))
        members = decode_object(head)
        if "crit" not in members or members.get("alg") not in BY_NAME or members.get("typ") != TYP:
            raise
        key.verify(case.token.rpartition(".")[0].encode(), signature)
        check_expiry(decode_object(body), now=NOW)


def falls_over_strange_text(case: Case, key: Key) -> None:
    """J42: an error that no caller expects."""
    case.token.encode("ascii")
    watchword(case, key)


LAX: tuple[Verifier, ...] = (
    *(forgets_the_expiry, allows_an_expiry_on_the_second, forgets_the_type, accepts_any_prefix_of_the_type),
    *(accepts_none, trusts_the_key_in_the_header, accepts_der, ignores_what_is_critical, falls_over_strange_text),
)
