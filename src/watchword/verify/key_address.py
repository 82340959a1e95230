"""Where an issuer's keys are: a name is not an address."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from watchword.fetch import FetchError, check_url
from watchword.oauth.metadata import openid_configuration_url
from watchword.verify.errors import VerifierSettingsError


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


def key_address(*, issuer: str, metadata_url: str | None, jwks_url: str | None, danger_allow_http: bool) -> KeyAddress:
    """The checked `KeyAddress`.

    Raises:
        VerifierSettingsError: an address is not https, and plain http is not allowed to it.
    """
    found_at = metadata_url or openid_configuration_url(issuer)
    try:
        for url in (metadata_url, jwks_url) if metadata_url or jwks_url else (found_at,):
            if url is not None:
                check_url(url, danger_allow_http=danger_allow_http)
    except FetchError as error:
        raise VerifierSettingsError(f"the issuer's keys cannot be fetched: {error.sentence}") from error
    return KeyAddress(issuer, found_at, jwks_url, danger_allow_http)


def origin(url: str) -> tuple[str, str]:
    """Scheme and authority of ``url``."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
