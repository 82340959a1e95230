"""A small issuer for machines with its API, on one real socket, that can be told to misbehave.

Assertions are checked by PyJWT and proofs by joserfc: nobody who wrote ours wrote those.
"""

import base64
import contextlib
import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import anyio
import jwt as pyjwt
from joserfc import jwk as peer_jwk
from joserfc import jws as peer_jws
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.client.toy_issuer import listening_socket, serving

from watchword.clock import Clock

SECRET = "s3cret:with/odd%characters"


@dataclass
class Behaviour:
    """What the issuer and the API do; the defaults are right."""

    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    refuse_with: str | None = None
    token_status: int = 200
    retry_after: str | None = None
    token_nonce: str | None = None
    api_nonce: str | None = None
    api_refuses_all: bool = False
    redirect_to: str | None = None
    redirect_status: int = 307
    challenge: str = 'Bearer realm="api", error="invalid_token"'


@dataclass
class Seen:
    """One request to the API."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class MachineIssuer:
    """Gives opaque tokens to ``worker`` and takes them at ``/api``.

    Args:
        base: its own address.
        clock: for assertions and proofs.
    """

    def __init__(self, base: str, clock: Clock) -> None:
        self.issuer = base
        self.api = f"{base}/api"
        self.gate = threading.Event()
        self.begin(clock)

    def begin(self, clock: Clock) -> None:
        """As new: for the next test."""
        self.gate.set()  # for whatever still waits for the last one's
        self.clock = clock
        self.oldest = 0  # seconds that an assertion or proof may be old: none on a clock that stands
        self.behaviour = Behaviour()
        self.lifetime: Any = 300
        self.client_jwk: dict[str, Any] = {}  # for private_key_jwt
        self.live: dict[str, str | None] = {}  # access token → thumbprint of the key it is bound to
        self.refresh_tokens: dict[str, str | None] = {}
        self.token_requests: list[dict[str, str]] = []
        self.token_headers: list[Mapping[str, str]] = []
        self.calls: list[Seen] = []
        self.redirected: list[Seen] = []
        self.counts: Counter[str] = Counter()
        self.gate = threading.Event()  # token requests wait for it
        self.gate.set()
        self.asked = threading.Event()  # a token request has come
        self._jtis: set[str] = set()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.metadata),
                Route("/token", self.token, methods=["POST"]),
                Route("/elsewhere", self.elsewhere, methods=["GET", "POST", "PUT"]),
                Route("/{path:path}", self.call, methods=["GET", "POST", "PUT"]),
            ]
        )

    async def metadata(self, request: Request) -> Response:
        self.counts["metadata"] += 1
        document = {"issuer": self.issuer, "token_endpoint": f"{self.issuer}/token"}
        return JSONResponse({**document, **self.behaviour.metadata})

    async def elsewhere(self, request: Request) -> Response:
        body = await request.body()
        self.redirected.append(Seen(request.method, request.url.path, dict(request.headers), body))
        return RedirectResponse(str(self.behaviour.redirect_to), self.behaviour.redirect_status)

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.token_requests.append(form)
        self.token_headers.append(dict(request.headers))
        self.counts["token"] += 1
        self.asked.set()
        await anyio.to_thread.run_sync(self.gate.wait, 20)
        if self.behaviour.refuse_with is not None:
            return JSONResponse({"error": self.behaviour.refuse_with}, 400)
        if self.behaviour.token_status != 200:
            later = {} if self.behaviour.retry_after is None else {"Retry-After": self.behaviour.retry_after}
            return Response(status_code=self.behaviour.token_status, headers=later)
        if not self._is_client(form, request.headers.get("authorization")):
            return JSONResponse({"error": "invalid_client"}, 401)
        try:
            thumbprint = self._proof(request, f"{self.issuer}/token", None)
        except ProofRefusedError as refused:
            headers = {"DPoP-Nonce": self.behaviour.token_nonce} if self.behaviour.token_nonce else {}
            return JSONResponse({"error": refused.error}, 400, headers=headers)
        if form["grant_type"] == "refresh_token" and form["refresh_token"] not in self.refresh_tokens:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return self._give(form, thumbprint)

    def _give(self, form: dict[str, str], thumbprint: str | None) -> Response:
        token = f"token-{secrets.token_urlsafe(16)}"
        self.live[token] = thumbprint
        answer: dict[str, Any] = {
            "access_token": token,
            "token_type": "Bearer" if thumbprint is None else "DPoP",
            "expires_in": self.lifetime,
        }
        if form["grant_type"] == "refresh_token":
            del self.refresh_tokens[form["refresh_token"]]
            answer["refresh_token"] = f"refresh-{secrets.token_urlsafe(16)}"
            self.refresh_tokens[answer["refresh_token"]] = thumbprint
        answer |= self.behaviour.answer
        return JSONResponse({name: value for name, value in answer.items() if value is not None})

    async def call(self, request: Request) -> Response:
        body = await request.body()
        self.calls.append(Seen(request.method, request.url.path, dict(request.headers), body))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        nonce = {} if self.behaviour.api_nonce is None else {"DPoP-Nonce": self.behaviour.api_nonce}
        if token not in self.live or self.behaviour.api_refuses_all:
            return Response(status_code=401, headers={"WWW-Authenticate": self.behaviour.challenge, **nonce})
        bound_to = self.live[token]
        if bound_to is None:
            return JSONResponse({"token": token}) if scheme == "Bearer" else Response(status_code=401)
        try:
            proven = self._proof(request, f"{self.issuer}{request.url.path}", token)
        except ProofRefusedError as refused:
            return Response(
                status_code=401, headers={"WWW-Authenticate": f'DPoP error="{refused.error}", algs="ES256"', **nonce}
            )
        return JSONResponse({"token": token}) if (scheme, proven) == ("DPoP", bound_to) else Response(status_code=401)

    def _is_client(self, form: dict[str, str], authorization: str | None) -> bool:
        if "client_assertion" in form:
            return self._assertion_holds(form)
        if authorization is not None and "client_secret" not in form:
            scheme, _, credentials = authorization.partition(" ")
            user, _, password = base64.b64decode(credentials).decode().partition(":")
            return (scheme, unquote_plus(user), unquote_plus(password)) == ("Basic", "worker", SECRET)
        if form["grant_type"] == "refresh_token" and "client_secret" not in form:
            return form.get("client_id") == "public"
        return (form.get("client_id"), form.get("client_secret")) == ("worker", SECRET)

    def _assertion_holds(self, form: dict[str, str]) -> bool:
        assertion = form["client_assertion"]
        assert pyjwt.get_unverified_header(assertion)["typ"] == "client-authentication+jwt"
        algorithm = self.client_jwk["alg"]
        if algorithm in pyjwt.algorithms.get_default_algorithms():
            # PyJWT looks at the real clock, so the times are compared here.
            claims = pyjwt.decode(
                assertion,
                pyjwt.PyJWK(self.client_jwk),
                audience=self.issuer,
                issuer="worker",
                options={
                    "require": ["iss", "sub", "aud", "jti", "iat", "exp"],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        else:  # PyJWT knows Ed25519 only by its older name
            key = peer_jwk.import_key(self.client_jwk)
            claims = json.loads(peer_jws.deserialize_compact(assertion, key, algorithms=[algorithm]).payload)
            assert (claims["aud"], claims["iss"]) == (self.issuer, "worker")
        fresh = claims["jti"] not in self._jtis
        self._jtis.add(claims["jti"])
        in_time = self._is_new(claims["iat"]) and 0 < claims["exp"] - claims["iat"] <= 60
        return (
            form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            and claims["sub"] == "worker"
            and fresh
            and in_time
        )

    def _is_new(self, issued_at: int) -> bool:
        return 0 <= int(self.clock.now()) - issued_at <= self.oldest

    def _proof(self, request: Request, target: str, token: str | None) -> str | None:
        """The thumbprint of the key that the proof is by; None when there is no proof."""
        proofs = request.headers.getlist("dpop")
        if not proofs:
            return None
        assert len(proofs) == 1
        header = json.loads(_decoded(proofs[0].split(".")[0]))
        assert header["typ"] == "dpop+jwt"
        assert "kid" not in header
        assert "d" not in header["jwk"]
        key = peer_jwk.import_key(header["jwk"])
        registry = peer_jws.JWSRegistry(algorithms=[header["alg"]])
        registry.max_header_length = 4096  # its 512 bytes are too few for an RSA key
        claims = json.loads(peer_jws.deserialize_compact(proofs[0], key, registry=registry).payload)
        wanted = self.behaviour.token_nonce if token is None else self.behaviour.api_nonce
        if claims.get("nonce") != wanted:
            raise ProofRefusedError("use_dpop_nonce")
        digest = None if token is None else _encoded(hashlib.sha256(token.encode()).digest())
        is_for_this = (claims["htm"], claims["htu"], claims.get("ath")) == (request.method, target, digest)
        if not is_for_this or not self._is_new(claims["iat"]) or claims["jti"] in self._jtis:
            raise ProofRefusedError("invalid_dpop_proof")
        self._jtis.add(claims["jti"])
        return str(key.thumbprint())


class ProofRefusedError(Exception):
    """The proof does not hold."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@contextlib.contextmanager
def machine_issuer(clock: Clock) -> Iterator[MachineIssuer]:
    """A running `MachineIssuer`."""
    with listening_socket() as listener:
        issuer = MachineIssuer(f"http://localhost:{listener.getsockname()[1]}", clock)
        with serving(issuer.app(), listener):
            yield issuer
            issuer.gate.set()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
