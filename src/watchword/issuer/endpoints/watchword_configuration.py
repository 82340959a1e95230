"""What only Watchword has, in a document of its own: the OpenID document stays free of unknown members.

docs/protocol/revocation.md, "Where it is".
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.endpoints import paths
from watchword.issuer.requests import issuer_of
from watchword.issuer.settings import IssuerSettings
from watchword.oauth.revocation import HEARTBEAT, PROTOCOL_VERSION, STALE_AFTER


async def watchword_configuration(request: Request) -> Response:
    """Where the revocation feed is, and where the command-line client signs in."""
    settings = issuer_of(request).settings
    document: dict[str, Any] = {"issuer": settings.issuer}
    if settings.cli_client_id is not None:
        document["cli_client_id"] = settings.cli_client_id
    document["revocation"] = _feed(settings)
    return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})


def _feed(settings: IssuerSettings) -> dict[str, Any]:
    feed: dict[str, Any] = {
        "version": PROTOCOL_VERSION,
        "jwks_uri": settings.url(paths.FEED_JWKS),
        "snapshot_uri": settings.url(paths.FEED_SNAPSHOT),
        "pages_uri": settings.url(paths.FEED_PAGES),
        "poll_uri": settings.url(paths.FEED_POLL),
        "heartbeat": HEARTBEAT,
        "stale_after": STALE_AFTER,
    }
    if settings.push:
        feed["events_uri"] = settings.url(paths.FEED_EVENTS)
        feed["events_credentials"] = "none" if settings.local else "resource_server"
    return feed
