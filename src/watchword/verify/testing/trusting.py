"""The verifiers of this process, as a fake issuer has to know them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from watchword.verify import verification


@dataclass(frozen=True, slots=True)
class Trusting:
    """One verifier's trust in one issuer.

    Args:
        issuer: whom it trusts.
        audience: what it calls itself.
        profile: how it reads tokens.
        origins: where it looks for the issuer.
        jwks_paths: where, below them, it was told to look for keys.
    """

    issuer: str
    audience: str
    profile: str
    origins: frozenset[str]
    jwks_paths: frozenset[str]


def who_trusts(issuer: str | None) -> list[Trusting]:
    """Every verifier that is alive and trusts ``issuer``, or any at all."""
    found = []
    for living in verification.alive():
        for trusted in living.settings.issuers:
            if issuer in {None, trusted.expected.issuer} and trusted.keys is None:
                address = trusted.address
                urls = [url for url in (address.metadata_url, address.jwks_url) if url]
                if trusted.revocation is not None:
                    urls.append(trusted.revocation.configuration_url)
                found.append(
                    Trusting(
                        trusted.expected.issuer,
                        trusted.expected.audiences[0],
                        trusted.expected.profile.name,
                        frozenset(origin_text(url) for url in urls),
                        frozenset() if address.jwks_url is None else frozenset({urlsplit(address.jwks_url).path}),
                    )
                )
    return found


def forget_everything() -> None:
    """Let every verifier begin anew, as in a new process."""
    for living in verification.alive():
        living.forget()


def refresh_journals(issuer: str) -> None:
    """Let every verifier that reads the issuer's journal read it now."""
    for living in verification.alive():
        for trusted in living.issuers:
            if trusted.journal is not None and trusted.expected.issuer == issuer:
                trusted.journal.refresh()


def origin_text(url: str) -> str:
    """Scheme, host and port of ``url``."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))
