"""What a verifier expects and where it finds the issuer's keys, checked once, at construction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast, get_args
from urllib.parse import urlsplit

from watchword.clock import Clock, SystemClock
from watchword.fetch import FetchError, check_url
from watchword.jose.algorithms import BY_NAME
from watchword.jose.claims import FUTURE_TOLERANCE, check_leeway
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.oauth.metadata import watchword_configuration_url
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.errors import VerifierSettingsError
from watchword.verify.key_address import KeyAddress, key_address, origin
from watchword.verify.options import (
    OnStaleRevocations,
    RevocationMode,
    StatusListMode,
    TrustedIssuer,
    VerifierOptions,
)
from watchword.verify.profiles import Profile, by_name
from watchword.verify.revocation.settings import RevocationSettings
from watchword.verify.sender import SenderPolicy
from watchword.verify.status_list.settings import StatusListSettings

DEFAULT_CACHED_TOKENS = 4096
MAX_CACHED_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a token must be.

    Args:
        issuer: what ``iss`` must equal, byte for byte.
        audiences: ``aud`` must hold one of them.
        profile: how the issuer's tokens are read.
        algorithms: the allow-list.
        leeway: seconds for which an expired token is still taken.
        tolerance: seconds from which ahead a token is already taken.
    """

    issuer: str
    audiences: tuple[str, ...]
    profile: Profile
    algorithms: tuple[str, ...]
    leeway: float
    tolerance: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tolerance", max(self.leeway, FUTURE_TOLERANCE))


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """One issuer: what is expected of its tokens, its keys or where they are, and how its withdrawals are read."""

    expected: Expectations
    keys: KeySet | None
    address: KeyAddress
    revocation: RevocationSettings | None
    status_lists: StatusListSettings | None = None


@dataclass(frozen=True, slots=True)
class VerifierSettings:
    """All of a verifier's options, checked. ``audience`` names the API."""

    issuers: tuple[IssuerSettings, ...]
    audience: str
    cached_tokens: int
    credentials: ResourceCredentials | None
    introspection: bool
    sender: SenderPolicy
    clock: Clock


def read_options(options: VerifierOptions) -> VerifierSettings:
    """The checked settings.

    Raises:
        VerifierSettingsError: one of them makes no sense.
        TypeError: there is no such option.
    """
    unknown = options.keys() - VerifierOptions.__annotations__.keys()
    if unknown:
        raise TypeError("there is no option " + ", ".join(sorted(unknown)))
    for name in ("danger_allow_http", "introspection"):
        # The text "false", from an environment variable, would count as true.
        if not isinstance(options.get(name, False), bool):
            raise VerifierSettingsError(f"{name} is True or False")
    listed = _trusted(options)
    issuers = tuple(_issuer_settings(trusted, options) for trusted in listed)
    if len({issuer.expected.issuer for issuer in issuers}) != len(issuers):
        raise VerifierSettingsError("an issuer is listed twice")
    if options.get("on_stale_revocations") == "reject" and all(issuer.revocation is None for issuer in issuers):
        raise VerifierSettingsError("on_stale_revocations rejects nothing while revocation reads no issuer's feed")
    credentials = listed[0].credentials if len(listed) == 1 else None
    introspection = options.get("introspection", False)
    if introspection:
        if credentials is None or issuers[0].keys is not None:
            raise VerifierSettingsError("introspection needs credentials and one issuer that can be reached")
        _check_address(issuers[0].address.metadata_url, issuers[0].address.danger_allow_http, "asked about tokens")
    sender = options.get("sender")
    if sender is None:
        sender = SenderPolicy()
    if not isinstance(sender, SenderPolicy):
        raise VerifierSettingsError("sender is a SenderPolicy")
    audience = options.get("audience")
    return VerifierSettings(
        issuers=issuers,
        audience=issuers[0].expected.audiences[0] if audience is None else _audience_names(audience)[0],
        cached_tokens=_cached_tokens(options.get("cache", True)),
        credentials=credentials,
        introspection=introspection,
        sender=sender,
        clock=options.get("clock") or SystemClock(),
    )


def _trusted(options: VerifierOptions) -> tuple[TrustedIssuer, ...]:
    """One issuer from the options that describe it, or the several that are listed."""
    if options.get("issuers") is None:
        return (
            TrustedIssuer(
                issuer=cast("str", options.get("issuer")),
                keys=options.get("keys"),
                metadata_url=options.get("metadata_url"),
                jwks_url=options.get("jwks_url"),
                credentials=options.get("credentials"),
            ),
        )
    own = ("issuer", "keys", "metadata_url", "jwks_url", "credentials")
    alone = [name for name in own if options.get(name) is not None]
    if alone:
        raise VerifierSettingsError("with issuers, each of them says its own " + ", ".join(alone))
    issuers = tuple(options["issuers"] or ())
    if not issuers or not all(isinstance(issuer, TrustedIssuer) for issuer in issuers):
        raise VerifierSettingsError("issuers is a list of TrustedIssuer")
    return issuers


def _issuer_settings(trusted: TrustedIssuer, options: VerifierOptions) -> IssuerSettings:
    if trusted.credentials is not None and not isinstance(trusted.credentials, ResourceCredentials):
        raise VerifierSettingsError("credentials is a ResourceCredentials")
    audience = trusted.audience if trusted.audience is not None else options.get("audience")
    profile = trusted.profile if trusted.profile is not None else options.get("profile", "rfc9068")
    algorithms = trusted.algorithms if trusted.algorithms is not None else options.get("algorithms")
    expected = expectations(
        issuer=trusted.issuer,
        audience=cast("str", audience),
        profile=profile,
        algorithms=algorithms,
        leeway=options.get("leeway", 0.0),
    )
    if trusted.keys is not None:
        if trusted.metadata_url is not None or trusted.jwks_url is not None:
            raise VerifierSettingsError(
                "keys were given, so metadata_url and jwks_url would not be asked: leave out one"
            )
        address = KeyAddress(trusted.issuer, "", None, danger_allow_http=options.get("danger_allow_http", False))
        keys = _usable(trusted.keys, expected.algorithms)
    elif BY_NAME[expected.algorithms[0]].is_symmetric:
        raise VerifierSettingsError("a shared secret is never fetched: give it as keys")
    else:
        address = key_address(
            issuer=trusted.issuer,
            metadata_url=trusted.metadata_url,
            jwks_url=trusted.jwks_url,
            danger_allow_http=options.get("danger_allow_http", False),
        )
        keys = None
    revocation = _revocation(expected, address, options, trusted.credentials, keys)
    return IssuerSettings(expected, keys, address, revocation, _status_lists(expected, address, options))


def _status_lists(expected: Expectations, address: KeyAddress, options: VerifierOptions) -> StatusListSettings | None:
    """How the issuer's status lists are read; None where they are not."""
    mode = _one_of("status_lists", options.get("status_lists", "off"), StatusListMode)
    if mode == "off":
        return None
    if BY_NAME[expected.algorithms[0]].is_symmetric:
        raise VerifierSettingsError("a status list is signed with a key pair, never with a shared secret")
    _check_address(expected.issuer, address.danger_allow_http, "asked for its status lists")
    own = origin(expected.issuer)
    return StatusListSettings(
        issuer=expected.issuer,
        origins=(own, _reached(own, address)),
        algorithms=expected.algorithms,
        on_unavailable=mode,
        leeway=expected.leeway,
        danger_allow_http=address.danger_allow_http,
    )


def _reached(own: tuple[str, str], address: KeyAddress) -> tuple[str, str]:
    """The origin under which the issuer is reached from here: a name is not an address."""
    told = address.jwks_url or address.metadata_url
    return origin(told) if told else own


def _revocation(
    expected: Expectations,
    address: KeyAddress,
    options: VerifierOptions,
    credentials: ResourceCredentials | None,
    keys: KeySet | None,
) -> RevocationSettings | None:
    """How the issuer's withdrawals are read. Asked for by name they always are; otherwise only where the issuer may
    be one of ours, and is reached at all.
    """
    mode = _one_of("revocation", options.get("revocation", "auto"), RevocationMode)
    on_stale = _one_of("on_stale_revocations", options.get("on_stale_revocations", "accept"), OnStaleRevocations)
    if mode == "off" or (mode == "auto" and (keys is not None or expected.profile.name != "rfc9068")):
        return None
    configuration = watchword_configuration_url(expected.issuer)
    if address.jwks_url or address.metadata_url:
        scheme, authority = origin(address.metadata_url if address.jwks_url is None else address.jwks_url)
        configuration = urlsplit(configuration)._replace(scheme=scheme, netloc=authority).geturl()
    _check_address(configuration, address.danger_allow_http, "asked for what it has withdrawn")
    return RevocationSettings(
        issuer=expected.issuer,
        configuration_url=configuration,
        mode=mode,
        on_stale=on_stale,
        credentials=credentials,
        danger_allow_http=address.danger_allow_http,
    )


def _check_address(url: str, danger_allow_http: bool, purpose: str) -> None:
    try:
        check_url(url, danger_allow_http=danger_allow_http)
    except FetchError as error:
        raise VerifierSettingsError(f"the issuer cannot be {purpose}: {error.sentence}") from error


def expectations(
    *,
    issuer: str,
    audience: str | Sequence[str],
    profile: str | Profile,
    algorithms: Sequence[str] | None,
    leeway: float,
) -> Expectations:
    """The checked `Expectations`.

    Raises:
        VerifierSettingsError: one of them makes no sense.
    """
    if not isinstance(issuer, str) or not issuer:
        raise VerifierSettingsError("issuer is a non-empty string")
    try:
        read_as = profile if isinstance(profile, Profile) else by_name(profile)
        allowed = _algorithms(read_as.algorithms if algorithms is None else algorithms)
        return Expectations(issuer, _audience_names(audience), read_as, allowed, check_leeway(leeway))
    except ValueError as error:
        raise VerifierSettingsError(str(error)) from error


def _audience_names(audience: str | Sequence[str]) -> tuple[str, ...]:
    listed = (audience,) if isinstance(audience, str) else tuple(audience) if isinstance(audience, list | tuple) else ()
    if not listed or not all(isinstance(member, str) and member for member in listed):
        raise VerifierSettingsError("audience is a non-empty string, or a list of them")
    return listed


def _algorithms(algorithms: Sequence[str]) -> tuple[str, ...]:
    if isinstance(algorithms, str):
        raise TypeError("algorithms is a sequence of names, not one string")
    names = tuple(algorithms)
    if not names or any(name not in BY_NAME for name in names):
        raise ValueError("algorithms names none, or one that is not supported")
    if len({BY_NAME[name].is_symmetric for name in names}) > 1:
        raise ValueError("algorithms mixes shared secrets with public keys")
    return names


def _usable(keys: Key | KeySet, algorithms: Sequence[str]) -> KeySet:
    if not isinstance(keys, Key | KeySet):
        raise VerifierSettingsError("keys is a Key or a KeySet")
    members = [keys] if isinstance(keys, Key) else list(keys)
    if not any(key.alg in algorithms for key in members):
        raise VerifierSettingsError("no key is of an algorithm in algorithms; shared secrets must be asked for there")
    return keys if isinstance(keys, KeySet) else KeySet([keys])


def _cached_tokens(cache: bool | int) -> int:
    if isinstance(cache, bool):
        return DEFAULT_CACHED_TOKENS if cache else 0
    if not isinstance(cache, int) or not 0 <= cache <= MAX_CACHED_TOKENS:
        raise VerifierSettingsError(f"cache is True, False, or a number of tokens up to {MAX_CACHED_TOKENS}")
    return cache


def _one_of(name: str, value: Any, literal: Any) -> Any:
    known = get_args(literal)
    if value not in known:
        raise VerifierSettingsError(f"{name} is one of " + ", ".join(known))
    return value
