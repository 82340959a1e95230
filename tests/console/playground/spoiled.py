"""Services that defend nothing, or too much: what an attack has to report as a defence that did not hold."""

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from watchword.jose import Key, base64url, jws

Answer = Callable[[str], tuple[int, dict[str, object]]]


def lax(authorization: str) -> tuple[int, dict[str, object]]:
    """Whatever it is asked, it grants: an API that looks at no token, an issuer that gives tokens for anything."""
    del authorization
    return 200, {
        "access_token": "granted",
        "token_type": "Bearer",
        "expires_in": 300,
        "refresh_token": secrets.token_urlsafe(32),
    }


def pinned() -> Answer:
    """An API that keeps the first key it has met, and never asks for another."""
    known: list[str] = []

    def answer(authorization: str) -> tuple[int, dict[str, object]]:
        kid = str(jws.split(authorization.removeprefix("Bearer ")).header.kid)
        known.append(kid)
        return (200, {}) if kid == known[0] else (401, {"code": "key_unknown"})

    return answer


Jwk = Mapping[str, Any]
Mistake = Callable[[str, Jwk], bool]


def mistaken(mistake: Mistake, jwk: Jwk) -> Answer:
    """An API that lets in whatever ``mistake`` takes; ``jwk`` is the issuer's key."""

    def answer(authorization: str) -> tuple[int, dict[str, object]]:
        good = mistake(authorization.removeprefix("Bearer "), jwk)
        return (200, {}) if good else (401, {"code": "token_invalid"})

    return answer


def takes_none(token: str, jwk: Jwk) -> bool:
    """Knows ``none`` and ``NONE`` and whatever else it thought of, but not this one spelling."""
    del jwk
    return jws.split(token).header.alg == "None" and token.endswith(".")


def takes_pem_for_a_secret(token: str, jwk: Jwk) -> bool:
    """Reads the algorithm from the token and the key from a PEM file."""
    x, y = (base64url.decode_text(jwk[name]) for name in ("x", "y"))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + x + y)
    return _is_mac(token, point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def takes_jwk_for_a_secret(token: str, jwk: Jwk) -> bool:
    """The same, from a JWK file."""
    return _is_mac(token, json.dumps(jwk, separators=(",", ":")).encode())


def takes_the_key_that_comes_along(token: str, jwk: Jwk) -> bool:
    """Checks the signature with the key in the header."""
    del jwk
    message = jws.split(token)
    jws.verify(token, Key.from_dict({**message.header.members["jwk"], "kid": message.header.kid}))
    return True


def _is_mac(token: str, secret: bytes) -> bool:
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return jws.split(token).header.alg == "HS256" and hmac.compare_digest(expected, base64url.decode_text(signature))


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The origin of a service on this machine that answers every request in this way."""

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, members = answer(self.headers.get("Authorization", ""))
            body = json.dumps(members).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  the name is the base class's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the base class's
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
