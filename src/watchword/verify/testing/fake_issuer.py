"""The issuer of a test."""

import gc
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

from watchword.fetch import danger_answer_in_process
from watchword.jose import base64url, jwt
from watchword.jose.json_object import decode_object
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.jose.jws import split
from watchword.oauth.dpop import PROOF_TYPE, ath
from watchword.verify.errors import VerifierSettingsError
from watchword.verify.profiles import by_name
from watchword.verify.testing.answers import Answers, Fault
from watchword.verify.testing.journal import Journal
from watchword.verify.testing.shapes import SHAPES, Draft
from watchword.verify.testing.steered_time import SteeredTime
from watchword.verify.testing.trusting import Trusting, forget_everything, origin_text, refresh_journals, who_trusts

DEFAULT_ISSUER = "https://issuer.test"
DEFAULT_AUDIENCE = "https://api.test"
DEFAULT_SUBJECT = "alice"
DEFAULT_CLIENT = "test-client"
LIFETIME = 300  # seconds, as the real issuer's tokens
_active: "list[FakeIssuer]" = []


class FakeIssuer:
    """Signs tokens with real keys, and answers for itself inside this process while it is active.

    Without arguments it stands in for the issuer that the verifiers of this process trust: their issuer, audience and
    profile are taken over. It is active inside ``with``, or between `start` and `stop`.

    Args:
        issuer: what ``iss`` says, if the verifiers trust several issuers or do not exist yet.
        audience: for which API tokens are made unless they say otherwise.
        profile: in which issuer's shape.
        names: further origins under which it answers, such as ``http://issuer:8400`` of a container network; those at
            which verifiers look are known by themselves.
        alg: with which algorithm it signs.

    Raises:
        VerifierSettingsError: the verifiers do not agree on one issuer, audience or profile; say which is meant.
    """

    def __init__(
        self,
        issuer: str | None = None,
        *,
        audience: str | None = None,
        profile: str | None = None,
        names: Iterable[str] = (),
        alg: str | None = None,
    ) -> None:
        self.issuer = issuer or _agreed("issuer", lambda one: one.issuer, None, DEFAULT_ISSUER)
        self._audience = audience
        self.profile = profile or _agreed("profile", lambda one: one.profile, self.issuer, "rfc9068")
        self._alg = alg or ("ES256" if "ES256" in by_name(self.profile).algorithms else "RS256")
        self._names = tuple(names)
        self._time = SteeredTime()
        self._signing_keys = [Key.generate(self._alg)]
        self._journal = Journal(self.issuer)
        self._answers = Answers(self.issuer, self._journal, self._time.now, has_feed=self.profile == "rfc9068")
        self._answers.keys = [key.public() for key in self._signing_keys]
        self._stack: ExitStack | None = None
        self._origins: set[str] = set()

    def start(self) -> Self:
        """Begin to answer."""
        if self._stack is None:
            self._stack = ExitStack()
            _active.append(self)
            forget_everything()
            self._answer_everywhere()
        return self

    def stop(self) -> None:
        """Stop answering; the clock is given back, and the verifiers forget what they learnt."""
        if self._stack is not None:
            _active.remove(self)
            self._time.release()
            forget_everything()
            self._stack.close()
            self._stack = None
            self._origins.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def keys(self) -> KeySet:
        """The public keys, for a verifier that is given them: ``Guard(..., keys=issuer.keys)``."""
        return KeySet(self._answers.keys)

    @property
    def audience(self) -> str:
        """For which API tokens are made unless they say otherwise."""
        return self._audience or _agreed("audience", lambda one: one.audience, self.issuer, DEFAULT_AUDIENCE)

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
            dpop_key: the key to which it is bound.
            without: claims to leave out.
            claims: further claims, or others than it would have: ``acr="urn:mfa"``, ``auth_time=…``.

        Raises:
            TypeError: scopes or roles are one string.
        """
        if isinstance(scopes, str) or isinstance(roles, str):
            raise TypeError("scopes and roles are sequences of names, not one string")
        self._answer_everywhere()
        now = int(self._time.now())
        typ, shaped = SHAPES[self.profile](Draft(subject, client, audience or self.audience, scopes, roles))
        body: dict[str, Any] = {
            "iss": self.issuer,
            "iat": min(now, now + int(expires_in)),
            "exp": now + int(expires_in),
            "jti": ("AT." if self.profile == "okta" else "") + secrets.token_urlsafe(16),
            **shaped,
        }
        if self.profile == "rfc9068":
            epochs = [self._journal.epoch("subject", subject), self._journal.epoch("client", client)]
            body |= {"gid": secrets.token_urlsafe(12), "ww_epoch": [*epochs, self._journal.epoch("all", "")]}
        if dpop_key is not None:
            body["cnf"] = {"jkt": dpop_key.thumbprint()}
        body |= claims
        return jwt.encode({name: body[name] for name in body if name not in without}, self._signing_keys[-1], typ=typ)

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
            nonce: which the API asked for.
        """
        claims = {"htm": method, "htu": url.partition("?")[0], "iat": int(self._time.now()), "ath": ath(token)}
        claims |= {"jti": secrets.token_urlsafe(16)} | ({} if nonce is None else {"nonce": nonce})
        return {
            "Authorization": "DPoP " + token,
            "DPoP": jwt.encode(claims, key, typ=PROOF_TYPE, embed_public_key=True),
        }

    def freeze(self, at: float | None = None) -> None:
        """Let the time stand, at ``at`` (UTC epoch seconds) or where it is, for every verifier of this process."""
        self._time.freeze(at)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once; from then on the time stands."""
        self._time.advance(seconds)

    def rotate(self, *, keep_old: bool = True) -> None:
        """Sign with a new key from now on. Verifiers learn of it at once.

        Args:
            keep_old: whether the old keys are still published; without them older tokens are refused.
        """
        self._signing_keys.append(Key.generate(self._alg))
        kept = self._signing_keys if keep_old else self._signing_keys[-1:]
        self._answers.keys = [key.public() for key in kept]
        forget_everything()

    def revoke(
        self,
        token: str | None = None,
        *,
        subject: str | None = None,
        client: str | None = None,
        grant: str | None = None,
        session: str | None = None,
        key: str | None = None,
        everything: bool = False,
    ) -> None:
        """Withdraw a token, or all tokens so far of a subject, a client, a grant, a session, a key, or of everybody.

        Verifiers learn of it at once. Tokens made afterwards are good.

        Raises:
            VerifierSettingsError: issuers of this profile cannot withdraw access tokens.
        """
        if self.profile != "rfc9068":
            raise VerifierSettingsError("issuers of this profile have no feed of withdrawn tokens")
        named: Mapping[str, str | None] = {
            "token": None if token is None else _token_id(token),
            "subject": subject,
            "client": client,
            "grant": grant,
            "session": session,
            "key": key,
            "all": "" if everything else None,
        }
        for kind, value in named.items():
            if value is not None:
                self._journal.withdraw(kind, value, now=self._time.now())
        refresh_journals(self.issuer)

    def break_down(self, fault: Fault = "unreachable", *, forget: bool = False) -> None:
        """Answer wrongly from now on, until `mend`.

        Args:
            fault: ``unreachable``, ``error`` (status 500), ``empty`` (no keys), ``nonsense`` (no JSON), ``foreign``
                (keys of somebody else).
            forget: let the verifiers forget the keys they have, as after a restart.
        """
        self._answers.fault = fault
        if forget:
            forget_everything()

    def mend(self) -> None:
        """Answer rightly again; verifiers need not wait until they would ask."""
        self._answers.fault = None
        forget_everything()

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for, in order."""
        return list(self._answers.requests)

    def _answer_everywhere(self) -> None:
        """Under its own name, and wherever a verifier looks for it; verifiers may have been made since the start."""
        if self._stack is None:
            return
        trusting = who_trusts(self.issuer)
        self._answers.jwks_paths |= {path for one in trusting for path in one.jwks_paths}
        wanted = {origin_text(self.issuer), *self._names, *(origin for one in trusting for origin in one.origins)}
        for origin in sorted(wanted - self._origins):
            self._stack.enter_context(danger_answer_in_process(origin, self._answers.answer))
            self._origins.add(origin)

    def __repr__(self) -> str:
        return f"<FakeIssuer {self.issuer!r} profile={self.profile!r}>"


def active_issuer() -> FakeIssuer:
    """The issuer that was started last.

    Raises:
        VerifierSettingsError: none is active.
    """
    if not _active:
        raise VerifierSettingsError("no FakeIssuer is active: ask for the fixture `issuer`, or use `with FakeIssuer()`")
    return _active[-1]


def _agreed(name: str, read: Callable[[Trusting], str], issuer: str | None, default: str) -> str:
    """The one value on which all verifiers agree that trust ``issuer``."""
    distinct = {read(one) for one in who_trusts(issuer)}
    if len(distinct) > 1:
        gc.collect()  # verifiers of tests that are over may only have waited for this
        distinct = {read(one) for one in who_trusts(issuer)}
    if len(distinct) > 1:
        known = ", ".join(sorted(distinct))
        raise VerifierSettingsError(f"the verifiers of this process know several; say {name}= with one of {known}")
    return distinct.pop() if distinct else default


def _token_id(token: str) -> str:
    return str(decode_object(base64url.decode(split(token).payload_segment))["jti"])
