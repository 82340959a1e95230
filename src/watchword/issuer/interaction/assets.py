"""The packaged stylesheets, scripts and images, served from memory under addresses that change with their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/static"

# Only these are served: a file that lands in the folder by accident stays there.
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_A_YEAR = "public, max-age=31536000, immutable"
# Without the hash an address promises nothing: caches ask again each time, and mostly hear 304.
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent; ``version`` names its content."""

    body: bytes
    media_type: str
    version: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every packaged file that browsers may have, by name; read once per process."""
    found = {}
    for file in resources.files("watchword").joinpath("static").iterdir():
        _, dot, suffix = file.name.rpartition(".")
        media_type = _TYPES.get(dot + suffix)
        if media_type is not None:
            body = file.read_bytes()
            found[file.name] = Asset(body, media_type, hashlib.sha256(body).hexdigest()[:16])
    return found


def static_url(name: str) -> str:
    """The path of a packaged file, with its content's hash, so that it may be cached for a year.

    Raises:
        KeyError: no such file; a page that names one is broken, and should fail in its test.
    """
    return f"{PATH}/{name}?v={assets()[name].version}"


async def serve(request: Request) -> Response:
    """Answer ``GET`` and ``HEAD /static/{name}``: names of packaged files, never paths."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    etag = f'"{asset.version}"'
    current = request.query_params.get("v") == asset.version
    headers = {
        "Cache-Control": _A_YEAR if current else _ASK_AGAIN,
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-site",
    }
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)


def _matches(candidates: str, etag: str) -> bool:
    """Weak comparison, as https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 has it."""
    given = {candidate.strip().removeprefix("W/") for candidate in candidates.split(",")}
    return etag in given or "*" in given


STATIC_ROUTE = Route(PATH + "/{name}", serve, methods=["GET"], name="static")
