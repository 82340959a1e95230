"""What a verifier can be told, each option described once; guards and middlewares take the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from watchword.clock import Clock
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.profiles import Profile
from watchword.verify.sender import SenderPolicy

RevocationMode = Literal["auto", "push", "poll", "on_demand", "off"]
OnStaleRevocations = Literal["accept", "reject"]
StatusListMode = Literal["off", "accept", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """One of several issuers whose tokens a verifier takes; what is not said here is as for the whole verifier.

    Args:
        issuer: what ``iss`` must equal, byte for byte.
        audience: what ``aud`` must hold, one of them.
        profile: how this issuer's tokens are read.
        keys: its keys; nothing is fetched from it then.
        algorithms: the allow-list for its tokens.
        metadata_url: where its discovery document is fetched, if not under its own name.
        jwks_url: where its keys are fetched; the discovery document is not asked then.
        credentials: this API's own credentials at this issuer, which no other issuer is shown.
    """

    issuer: str
    audience: str | Sequence[str] | None = None
    profile: "str | Profile | None" = None
    keys: Key | KeySet | None = None
    algorithms: Sequence[str] | None = None
    metadata_url: str | None = None
    jwks_url: str | None = None
    credentials: ResourceCredentials | None = None


class VerifierOptions(TypedDict, total=False):
    """The options of `Verifier`, `AsyncVerifier` and everything built on them."""

    issuer: str
    """Whose tokens are taken: what ``iss`` must equal, byte for byte. This or ``issuers`` is needed."""

    audience: str | Sequence[str] | None
    """The identifier of this API, which ``aud`` must hold; of several any one suffices, and the first names the API
    in challenges. Needed, unless each of ``issuers`` says it."""

    issuers: Sequence[TrustedIssuer] | None
    """Several issuers instead of one. Which one a token must satisfy is looked up by its ``iss`` among these."""

    profile: str | Profile
    """How the issuer's tokens are read: ``rfc9068`` (default), ``auth0``, ``keycloak``, ``entra``, ``okta``,
    ``cognito``, ``clerk``, or a `Profile` of your own."""

    keys: Key | KeySet | None
    """The issuer's keys, for a verifier that never uses the network."""

    algorithms: Sequence[str] | None
    """The allow-list. By default every asymmetric algorithm that the issuer's profile knows; a key serves only its
    own. Shared secrets (``HS256``) must be asked for here, alone."""

    leeway: float
    """Seconds for which an expired token is still taken, 0 (default) to 300. A token from up to 10 seconds ahead is
    always taken: clocks differ."""

    metadata_url: str | None
    """Where the issuer's discovery document is fetched, if not under the issuer's own name: a name is not an
    address."""

    jwks_url: str | None
    """Where the issuer's keys are fetched; the discovery document is not asked then."""

    danger_allow_http: bool
    """Fetch over plain http from other machines than this one; for a closed container network."""

    cache: bool | int
    """How many verified tokens are remembered: True (default) for 4,096, a number, or False for none. Whatever may
    change is checked on every request all the same."""

    revocation: RevocationMode
    """How withdrawn tokens are learnt of. ``auto`` (default): pushed or polled where an issuer of the ``rfc9068``
    profile announces a feed. ``on_demand``: asked within a request, for processes that sleep between requests.
    ``off``: a withdrawn token lives until it expires."""

    on_stale_revocations: OnStaleRevocations
    """What to do while the feed cannot be read: ``accept`` (default) what is not known to be withdrawn, or
    ``reject`` everything, with a 503; not where ``revocation`` reads none. An issuer that announces no feed then counts
    as one that cannot be read."""

    status_lists: StatusListMode
    """Whether a token that names a place in a Token Status List is looked up there. ``off`` (default): it is not.
    ``reject``: it is, and a token whose list is not to be had or not to be believed is answered with a 503.
    ``accept``: it is, and such a token is taken. Lists are fetched from the issuer's own origin and from no other."""

    credentials: ResourceCredentials | None
    """This API's own credentials at the issuer, for pushed revocations and for introspection. With ``issuers`` each of
    them has its own."""

    introspection: bool
    """Ask the issuer about tokens that are no JWTs (RFC 7662); needs ``credentials``. Off by default."""

    sender: SenderPolicy
    """How proofs of possession are checked (DPoP, client certificates)."""

    clock: Clock | None
    """Where the time comes from."""
