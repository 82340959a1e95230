"""The whole journal: docs/protocol/revocation.md, "Snapshot and poll"."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.requests import issuer_of
from watchword.oauth.revocation import MESSAGE_MEDIA_TYPE

SHARED = {"Cache-Control": "public, max-age=1"}


async def revocation_snapshot(request: Request) -> Response:
    """What is withdrawn now, for everybody the same."""
    feed = issuer_of(request).feed
    return Response(await feed.snapshot(await feed.head()), media_type=MESSAGE_MEDIA_TYPE, headers=SHARED)
