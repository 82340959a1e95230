"""How pages name whoever asks: by the address that the answer goes to, which no client can make up (O18)."""

from urllib.parse import urlsplit


def host_of(redirect_uri: str) -> str:
    """Host and port of a web address; the scheme of a native application's."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in {"http", "https"} else f"{parts.scheme}:"
