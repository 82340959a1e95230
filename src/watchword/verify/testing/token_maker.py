"""Every kind of token that a fake issuer makes, really signed."""

import secrets
from collections.abc import Sequence
from typing import Any

from watchword.jose import jwt
from watchword.jose.jwk import Key
from watchword.oauth.dpop import PROOF_TYPE, ath
from watchword.verify import logout_token
from watchword.verify.testing.part import Part
from watchword.verify.testing.shapes import SHAPES, Draft
from watchword.verify.testing.steered_time import SteeredTime

DEFAULT_SUBJECT = "alice"
DEFAULT_CLIENT = "test-client"
LIFETIME = 300  # seconds, as the real issuer's tokens


class TokenMaker:
    """Makes tokens; which issuer they are of is the business of `FakeIssuer`."""

    _time: SteeredTime

    def _ready(self) -> Part:
        """The issuer that is played; every verifier of the process can reach it."""
        raise AssertionError("FakeIssuer says which")

    def _api(self) -> str:
        """For which API tokens are made unless they say otherwise."""
        raise AssertionError("FakeIssuer says which")

    def token(
        self,
        subject: str = DEFAULT_SUBJECT,
        *,
        scopes: Sequence[str] = (),
        roles: Sequence[str] = (),
        client: str = DEFAULT_CLIENT,
        audience: str | None = None,
        expires_in: float = LIFETIME,
        dpop_key: Key | None = None,
        without: Sequence[str] = (),
        **claims: Any,
    ) -> str:
        """An access token, signed with the present key.

        Args:
            subject: whom it speaks for; the same as ``client`` for a client that acts for itself.
            scopes: what was granted.
            roles: what the subject is.
            client: who got it.
            audience: for which API.
            expires_in: seconds from now; negative for a token that has expired.
            dpop_key: the key to which it is bound, see `dpop_headers`.
            without: claims to leave out.
            claims: further claims, or others than it would have: ``acr="urn:mfa"``, ``auth_time=…``.

        Raises:
            TypeError: scopes or roles are one string.
            VerifierSettingsError: the verifiers of this process leave open whose token it is to be, or for which API.
        """
        part = self._ready()
        draft = Draft(subject, client, audience or self._api(), _names(scopes), _names(roles))
        typ, shaped = SHAPES[part.profile](draft)
        body = {
            **self._dated(part, expires_in),
            "jti": ("AT." if part.profile == "okta" else "") + secrets.token_urlsafe(16),
            **shaped,
        }
        if part.has_feed:
            journal = part.journal
            epochs = [journal.epoch("subject", subject), journal.epoch("client", client), journal.epoch("all", "")]
            body |= {"gid": secrets.token_urlsafe(12), "ww_epoch": epochs}
        return self._signed(part, body | _bound(dpop_key) | claims, without, typ=typ)

    def opaque_token(
        self,
        subject: str = DEFAULT_SUBJECT,
        *,
        scopes: Sequence[str] = (),
        roles: Sequence[str] = (),
        client: str = DEFAULT_CLIENT,
        audience: str | None = None,
        expires_in: float = LIFETIME,
        dpop_key: Key | None = None,
        without: Sequence[str] = (),
        **claims: Any,
    ) -> str:
        """An access token that only the issuer can read: for verifiers with ``introspection=True``.

        The arguments are those of `token`; ``claims`` are members of the issuer's answer (RFC 7662).
        """
        part = self._ready()
        _, shaped = SHAPES["rfc9068"](Draft(subject, client, audience or self._api(), _names(scopes), _names(roles)))
        kind = {"token_type": "Bearer" if dpop_key is None else "DPoP"}
        body = {**self._dated(part, expires_in), **shaped, **kind, **_bound(dpop_key), **claims}
        opaque = secrets.token_urlsafe(32)
        part.opaque[opaque] = {name: body[name] for name in body if name not in without}
        return opaque

    def id_token(
        self,
        subject: str = DEFAULT_SUBJECT,
        *,
        client: str = DEFAULT_CLIENT,
        nonce: str | None = None,
        expires_in: float = LIFETIME,
        without: Sequence[str] = (),
        **claims: Any,
    ) -> str:
        """An ID token for ``client``: for what calls `watchword.verify.verify_id_token`, and to see APIs refuse it.

        Args:
            subject: who has signed in, just now.
            client: for whom it is.
            nonce: what the client sent in its authorization request.
            expires_in: see `token`.
            without: see `token`.
            claims: see `token`.
        """
        part = self._ready()
        body = {**self._dated(part, expires_in), "sub": subject, "aud": client, "auth_time": int(self._time.now())}
        return self._signed(part, body | ({} if nonce is None else {"nonce": nonce}) | claims, without, typ="JWT")

    def logout_token(
        self,
        subject: str | None = DEFAULT_SUBJECT,
        *,
        session: str | None = None,
        client: str = DEFAULT_CLIENT,
        expires_in: float = 120,
        without: Sequence[str] = (),
        **claims: Any,
    ) -> str:
        """What an issuer sends to ``client`` when somebody signs out, for `watchword.verify.verify_logout_token`.

        Args:
            subject: who has signed out.
            session: which of their sessions has ended (``sid``).
            client: for whom it is.
            expires_in: see `token`.
            without: see `token`.
            claims: see `token`.
        """
        part = self._ready()
        ended = {name: value for name, value in (("sub", subject), ("sid", session)) if value is not None}
        body: dict[str, Any] = {"aud": client, "jti": secrets.token_urlsafe(16), "events": {logout_token.EVENT: {}}}
        body |= self._dated(part, expires_in) | ended
        return self._signed(part, body | claims, without, typ=logout_token.TYPE)

    def auth_headers(self, subject: str = DEFAULT_SUBJECT, **token: Any) -> dict[str, str]:
        """The ``Authorization`` header with a new `token`."""
        return {"Authorization": "Bearer " + self.token(subject, **token)}

    def dpop_headers(self, token: str, key: Key, *, method: str, url: str, nonce: str | None = None) -> dict[str, str]:
        """The headers of one request with a token that is bound to ``key`` (RFC 9449 section 7.1).

        Args:
            token: made with ``dpop_key=key``.
            key: the private key.
            method: of the request.
            url: of the request, as the API is known outside.
            nonce: which the API asked for, in ``DPoP-Nonce``.
        """
        claims = {"htm": method, "htu": url.partition("?")[0], "iat": int(self._time.now()), "ath": ath(token)}
        claims |= {"jti": secrets.token_urlsafe(16)} | ({} if nonce is None else {"nonce": nonce})
        return {
            "Authorization": "DPoP " + token,
            "DPoP": jwt.encode(claims, key, typ=PROOF_TYPE, embed_public_key=True),
        }

    def _dated(self, part: Part, expires_in: float) -> dict[str, Any]:
        now = int(self._time.now())
        # What has expired was issued before that.
        return {"iss": part.issuer, "iat": min(now, now + int(expires_in)), "exp": now + int(expires_in)}

    def _signed(self, part: Part, body: dict[str, Any], without: Sequence[str], *, typ: str) -> str:
        return jwt.encode({name: body[name] for name in body if name not in without}, part.signing_keys[-1], typ=typ)


def _names(names: Sequence[str]) -> Sequence[str]:
    if isinstance(names, str):
        raise TypeError("scopes and roles are sequences of names, not one string")
    return names


def _bound(key: Key | None) -> dict[str, Any]:
    return {} if key is None else {"cnf": {"jkt": key.thumbprint()}}
