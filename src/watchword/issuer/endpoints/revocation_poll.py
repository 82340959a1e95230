"""What came after a number of the journal: docs/protocol/revocation.md, "Snapshot and poll"."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.endpoints.revocation_snapshot import SHARED
from watchword.issuer.requests import issuer_of, read_query
from watchword.issuer.revocation.place import Place
from watchword.oauth.revocation import MESSAGE_MEDIA_TYPE


async def revocation_poll(request: Request) -> Response:
    """The next entries, or that there are none; 410 where only a snapshot can tell."""
    place = Place.of_parameters(read_query(request))
    feed = issuer_of(request).feed
    batch = await feed.batch(await feed.head(), *place)
    return Response(batch.text, media_type=MESSAGE_MEDIA_TYPE, headers=SHARED)
