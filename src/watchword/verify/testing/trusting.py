"""The verifiers of this process, as a fake issuer has to know them."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from watchword.verify import verification
from watchword.verify.errors import VerifierSettingsError
from watchword.verify.settings import IssuerSettings


@dataclass(frozen=True, slots=True)
class Trusting:
    """One verifier's trust in one issuer.

    Args:
        issuer: whom it trusts.
        audience: what it calls itself.
        profile: how it reads tokens.
        algorithms: those that it takes.
        origins: where it looks for the issuer; nowhere, if it was given keys.
        jwks_paths: where, below them, it was told to look for keys.
    """

    issuer: str
    audience: str
    profile: str
    algorithms: tuple[str, ...]
    origins: frozenset[str]
    jwks_paths: frozenset[str]


def who_trusts(issuer: str | None) -> list[Trusting]:
    """Every verifier that is alive and trusts ``issuer``, or any at all."""
    return list(_trusting(issuer))


def agreed(name: str, issuer: str | None, read: Callable[[Trusting], str], *, online: bool) -> str | None:
    """The one value on which all verifiers agree that trust ``issuer``; None if there are no verifiers.

    Args:
        name: of the argument with which a test can say which value it means.
        issuer: see `who_trusts`.
        read: the value of one.
        online: ask only those that look for the issuer's keys themselves.

    Raises:
        VerifierSettingsError: they do not agree.
    """

    def values() -> set[str]:
        return {read(one) for one in who_trusts(issuer) if one.origins or not online}

    distinct = values()
    if len(distinct) > 1:
        gc.collect()  # verifiers of tests that are over may only have waited for this
        distinct = values()
    if len(distinct) > 1:
        known = ", ".join(sorted(distinct))
        raise VerifierSettingsError(
            f"the verifiers of this process know several: say {name}= with one of {known}"
            f" (to FakeIssuer, or as watchword_{name} in pytest's configuration)"
        )
    return distinct.pop() if distinct else None


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


def _trusting(issuer: str | None) -> Iterator[Trusting]:
    for living in verification.alive():
        for trusted in living.settings.issuers:
            if issuer in {None, trusted.expected.issuer}:
                jwks_url = trusted.address.jwks_url
                yield Trusting(
                    trusted.expected.issuer,
                    trusted.expected.audiences[0],
                    trusted.expected.profile.name,
                    trusted.expected.algorithms,
                    frozenset(_origins(trusted)),
                    frozenset() if jwks_url is None else frozenset({urlsplit(jwks_url).path}),
                )


def _origins(trusted: IssuerSettings) -> Iterator[str]:
    if trusted.keys is None:
        urls = [trusted.address.metadata_url, trusted.address.jwks_url]
        if trusted.revocation is not None:
            urls.append(trusted.revocation.configuration_url)
        yield from (origin_text(url) for url in urls if url)
