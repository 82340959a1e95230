"""What a verifier expects and where it finds the issuer's keys, checked once, at construction."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from watchword.fetch import FetchError, check_url
from watchword.jose.algorithms import BY_NAME
from watchword.jose.claims import check_leeway
from watchword.oauth.metadata import openid_configuration_url
from watchword.verify.errors import VerifierSettingsError
from watchword.verify.profiles import PROFILES, Profile


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a token must be.

    Args:
        issuer: what ``iss`` must equal, byte for byte.
        audience: what ``aud`` must hold.
        profile: how the issuer's tokens are read.
        algorithms: the allow-list.
        leeway: seconds for which an expired token is still taken.
    """

    issuer: str
    audience: str
    profile: Profile
    algorithms: tuple[str, ...]
    leeway: float


@dataclass(frozen=True, slots=True)
class KeyAddress:
    """Where the issuer's keys are fetched: a name is not an address.

    Args:
        issuer: what the metadata must call itself.
        metadata_url: the discovery document; not asked when ``jwks_url`` is given.
        jwks_url: the JWK set.
        danger_allow_http: plain http to other machines is allowed.
    """

    issuer: str
    metadata_url: str
    jwks_url: str | None
    danger_allow_http: bool


def expectations(*, issuer: str, audience: str, profile: str, algorithms: Sequence[str], leeway: float) -> Expectations:
    """The checked `Expectations`.

    Raises:
        VerifierSettingsError: one of them makes no sense.
    """
    for name, value in (("issuer", issuer), ("audience", audience)):
        if not isinstance(value, str) or not value:
            raise VerifierSettingsError(f"{name} is a non-empty string")
    try:
        return Expectations(issuer, audience, _profile(profile), _algorithms(algorithms), check_leeway(leeway))
    except ValueError as error:
        raise VerifierSettingsError(str(error)) from error


def key_address(*, issuer: str, metadata_url: str | None, jwks_url: str | None, danger_allow_http: bool) -> KeyAddress:
    """The checked `KeyAddress`.

    Raises:
        VerifierSettingsError: an address is not https, and plain http is not allowed to it.
    """
    found_at = metadata_url or openid_configuration_url(issuer)
    try:
        check_url(jwks_url or found_at, danger_allow_http=danger_allow_http)
    except FetchError as error:
        raise VerifierSettingsError(f"the issuer's keys cannot be fetched: {error.sentence}") from error
    return KeyAddress(issuer, found_at, jwks_url, danger_allow_http)


def origin(url: str) -> tuple[str, str]:
    """Scheme and authority of ``url``."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _profile(name: str) -> Profile:
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise ValueError("profile is one of " + ", ".join(profile.name for profile in PROFILES))


def _algorithms(algorithms: Sequence[str]) -> tuple[str, ...]:
    if isinstance(algorithms, str):
        raise TypeError("algorithms is a sequence of names, not one string")
    names = tuple(algorithms)
    if not names or any(name not in BY_NAME for name in names):
        raise ValueError("algorithms names none, or one that is not supported")
    if len({BY_NAME[name].is_symmetric for name in names}) > 1:
        raise ValueError("algorithms mixes shared secrets with public keys")
    return names
