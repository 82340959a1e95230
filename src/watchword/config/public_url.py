"""Which addresses `watchword up --public-url` may be known under."""

from pathlib import Path
from urllib.parse import urlsplit

from watchword.config.options import Reading
from watchword.config.settings import LOOPBACK_HOSTS
from watchword.config.values import issuer_url


def public_url_problem(url: str) -> str | None:
    """Why ``url`` cannot be an issuer that others see; None when it can."""
    try:
        issuer_url(url, Reading(Path()))
    except ValueError as error:
        return str(error)
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK_HOSTS:
        return "must be https, unless it leads to this machine only"
    return None
