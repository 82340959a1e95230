"""The journal in pages, however long it is: docs/protocol/revocation.md, "Pages"."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.endpoints.revocation_snapshot import SHARED
from watchword.issuer.requests import issuer_of, read_query
from watchword.issuer.revocation.place import Place
from watchword.oauth.revocation import MESSAGE_MEDIA_TYPE


async def revocation_pages(request: Request) -> Response:
    """The page after a place; without one, the first. 410 where there is no such place any more."""
    feed, query = issuer_of(request).feed, read_query(request)
    head = await feed.head()
    is_first = query.get("journal_id") is None and query.get("after") is None
    place = Place(head.journal_id, 0) if is_first else Place.of_parameters(query)
    return Response(await feed.page(head, *place), media_type=MESSAGE_MEDIA_TYPE, headers=SHARED)
