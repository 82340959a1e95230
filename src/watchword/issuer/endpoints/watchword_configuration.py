"""What only Watchword has, in a document of its own: the OpenID document stays free of unknown members."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.requests import issuer_of


async def watchword_configuration(request: Request) -> Response:
    """Where the command-line client signs in; from the revocation feed on, where the journal is."""
    settings = issuer_of(request).settings
    document = {"issuer": settings.issuer}
    if settings.cli_client_id is not None:
        document["cli_client_id"] = settings.cli_client_id
    return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})
