"""Token Status Lists: https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/ (sections 8 and 9)"""

import re
from typing import ClassVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.requests import issuer_of, read_query
from watchword.oauth.errors import OAuthError
from watchword.oauth.status_list import MEDIA_TYPE

# No cache on the way adds to the time for which a reader believes a list: it asks whether there is another.
_CACHE = "public, no-cache"
_ZERO = re.compile(r"q=0(\.0{0,3})?")
_ACCEPTED = frozenset({MEDIA_TYPE, "application/*", "*/*"})


class HistoryUnsupportedError(OAuthError):
    """A list is told as it is now, never as it was."""

    code: ClassVar[str] = "time_unsupported"
    status: ClassVar[int] = 501
    default_sentence: ClassVar[str] = "a status list is told as it is now, not as it was at another time"


class NotAcceptableError(OAuthError):
    """A list in another format was asked for."""

    code: ClassVar[str] = "not_acceptable"
    status: ClassVar[int] = 406
    default_sentence: ClassVar[str] = f"a status list is told as {MEDIA_TYPE}"


async def status_list(request: Request) -> Response:
    """One list, signed. Public: it tells how many grants were withdrawn, and of which only to who knows their place."""
    if "time" in read_query(request):
        raise HistoryUnsupportedError
    if not _accepts(request.headers.get("accept", "")):
        raise NotAcceptableError
    found = await issuer_of(request).status_lists.find(request.path_params["list_id"])
    if found is None:
        raise HTTPException(404)
    packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    # Each representation has a name of its own: RFC 9110 section 8.8.3.3.
    etag = f'"{found.name}-gzip"' if packed else f'"{found.name}"'
    headers = {"Cache-Control": _CACHE, "ETag": etag, "Vary": "Accept, Accept-Encoding"}
    if etag in [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(found.packed if packed else found.text, media_type=MEDIA_TYPE, headers=headers)


async def status_list_aggregation(request: Request) -> Response:
    """Where all lists are, for whoever wants to have them before they are needed (section 9)."""
    document = {"status_lists": await issuer_of(request).status_lists.uris()}
    return JSONResponse(document, headers={"Cache-Control": "public, max-age=60"})


def _accepts(accept: str) -> bool:
    """Whether the format is among those in ``Accept`` (RFC 9110 section 12.5.1); without one, everything is."""
    return not accept.strip() or not _ACCEPTED.isdisjoint(_wanted(accept))


def _takes_gzip(accepted: str) -> bool:
    """Whether ``Accept-Encoding`` names gzip (RFC 9110 section 12.5.3); who is silent gets it plain."""
    return not {"gzip", "x-gzip"}.isdisjoint(_wanted(accepted))


def _wanted(field: str) -> set[str]:
    """The names in a list with weights, without those whose weight is zero."""
    listed = [one.lower().replace(" ", "").partition(";") for one in field.split(",") if one.strip()]
    return {name for name, _, weight in listed if not _ZERO.fullmatch(weight)}
