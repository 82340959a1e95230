"""A small issuer on a real socket, with real signatures, that can be told to lie. For tests of the client only."""

import asyncio
import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from watchword.clock import Clock
from watchword.jose import Key, jwt
from watchword.oauth.pkce import verifier_matches


@dataclass
class Lies:
    """What the issuer gets wrong, as an attacker would; everything is right by default."""

    metadata: dict[str, Any] = field(default_factory=dict)
    response: dict[str, str | None] = field(default_factory=dict)
    id_token: dict[str, Any] = field(default_factory=dict)
    id_token_typ: str = "JWT"
    id_token_key: Key | None = None
    id_token_text: str | None = None
    token_answer: dict[str, Any] = field(default_factory=dict)
    refuse_tokens_with: str | None = None


@cache
def shared_key(algorithm: str) -> Key:
    """One key for all issuers: making an RSA key takes longer than a login."""
    return Key.generate(algorithm)


class ToyIssuer:
    """Approves every login as ``alice``.

    Args:
        base: its own address.
        clock: for the tokens.
    """

    def __init__(self, base: str, clock: Clock) -> None:
        self.issuer = base
        self.api = f"{base}/api"
        self.clock = clock
        self.rs256 = shared_key("RS256")
        self.es256 = shared_key("ES256")
        self.lies = Lies()
        self.lifetime = 300
        self.codes: dict[str, dict[str, str]] = {}
        self.live_refresh_tokens: set[str] = set()
        self.seen: list[tuple[str, dict[str, str], str | None]] = []
        self._lock = threading.Lock()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.metadata),
                Route("/.well-known/watchword-configuration", self.configuration),
                Route("/.well-known/oauth-protected-resource/api", self.api_metadata),
                Route("/jwks", self.jwks),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/revoke", self.revoke, methods=["POST"]),
                Route("/end_session", self.end_session),
            ]
        )

    async def metadata(self, request: Request) -> Response:
        del request
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "end_session_endpoint": f"{self.issuer}/end_session",
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }
        return JSONResponse({**document, **self.lies.metadata})

    async def configuration(self, request: Request) -> Response:
        del request
        return JSONResponse({"issuer": self.issuer, "cli_client_id": "command-line"})

    async def api_metadata(self, request: Request) -> Response:
        del request
        return JSONResponse(
            {"resource": self.api, "authorization_servers": [self.issuer], "scopes_supported": ["orders:read"]}
        )

    async def jwks(self, request: Request) -> Response:
        del request
        return JSONResponse({"keys": [self.rs256.to_dict(), self.es256.to_dict()]})

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.seen.append(("authorize", asked, None))
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer: dict[str, str | None] = {"code": code, "state": asked["state"], "iss": self.issuer}
        answer |= self.lies.response
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        fields = _texts(form)
        self.seen.append(("token", fields, request.headers.get("authorization")))
        if self.lies.refuse_tokens_with is not None:
            return JSONResponse({"error": self.lies.refuse_tokens_with}, 400)
        with self._lock:
            if fields.get("grant_type") == "refresh_token":
                return self._refresh(fields)
            return self._redeem(fields)

    def _redeem(self, fields: dict[str, str]) -> Response:
        asked = self.codes.pop(fields.get("code", ""), None)
        if (
            asked is None
            or asked["redirect_uri"] != fields.get("redirect_uri")
            or not verifier_matches(fields.get("code_verifier", ""), asked["code_challenge"])
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = self.access_token(asked.get("resource", self.issuer), asked["scope"])
        return self._answer(access_token, asked["scope"], self._id_token(asked, access_token))

    def _refresh(self, fields: dict[str, str]) -> Response:
        if fields["refresh_token"] not in self.live_refresh_tokens:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.live_refresh_tokens.remove(fields["refresh_token"])
        access_token = self.access_token(fields.get("resource", self.issuer), "orders:read orders:write")
        return self._answer(access_token, "orders:read orders:write", None)

    def _answer(self, access_token: str, scope: str, id_token: str | None) -> Response:
        successor = secrets.token_urlsafe(16)
        self.live_refresh_tokens.add(successor)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "scope": scope,
            "refresh_token": successor,
            "id_token": id_token,
        }
        answer |= self.lies.token_answer
        return JSONResponse({name: value for name, value in answer.items() if value is not None})

    def access_token(self, audience: str, scope: str, **claims: Any) -> str:
        now = int(self.clock.now())
        return jwt.encode(
            {
                "iss": self.issuer,
                "sub": "alice-id",
                "aud": audience,
                "client_id": "command-line",
                "iat": now,
                "exp": now + self.lifetime,
                "jti": secrets.token_urlsafe(16),
                "scope": scope,
                **claims,
            },
            self.es256,
            typ="at+jwt",
        )

    def _id_token(self, asked: dict[str, str], access_token: str) -> str:
        if self.lies.id_token_text is not None:
            return self.lies.id_token_text
        key = self.lies.id_token_key or self.rs256
        now = int(self.clock.now())
        claims = {
            "iss": self.issuer,
            "sub": "alice-id",
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "name": "Alice",
            "at_hash": jwt.half_hash(access_token, key.alg),
        }
        claims |= self.lies.id_token
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not None}, key, typ=self.lies.id_token_typ
        )

    async def revoke(self, request: Request) -> Response:
        fields = _texts(await request.form())
        self.seen.append(("revoke", fields, request.headers.get("authorization")))
        self.live_refresh_tokens.discard(fields["token"])
        return Response(status_code=200)

    async def end_session(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.seen.append(("end_session", asked, None))
        return RedirectResponse(asked["post_logout_redirect_uri"], 303)

    def count(self, endpoint: str) -> int:
        """How often ``endpoint`` was asked."""
        return sum(1 for name, _, _ in self.seen if name == endpoint)


@contextlib.contextmanager
def toy_issuer(clock: Clock) -> Iterator[ToyIssuer]:
    """A running `ToyIssuer`."""
    with listening_socket() as listener:
        issuer = ToyIssuer(f"http://localhost:{listener.getsockname()[1]}", clock)
        with serving(issuer.app(), listener):
            yield issuer


@contextlib.contextmanager
def listening_socket() -> Iterator[socket.socket]:
    """A socket on a free port of 127.0.0.1 that already queues connections, so that nobody need wait for it."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener


class PromptServer(uvicorn.Server):
    """uvicorn looks ten times a second whether it should end; between tests that adds up."""

    async def main_loop(self) -> None:
        while not self.should_exit:  # noqa: ASYNC110  the flag is set from another thread
            await asyncio.sleep(0.005)


@contextlib.contextmanager
def serving(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """``app`` behind ``listener``, in a thread, until the block ends."""
    server = PromptServer(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


def _texts(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}
