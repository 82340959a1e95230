"""The feed's public keys: docs/protocol/revocation.md, "Messages"."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.endpoints.jwks import MEDIA_TYPE
from watchword.issuer.requests import issuer_of


async def revocation_jwks(request: Request) -> Response:
    """Every key that a message now told, or soon to be, may be signed with; none of them signs tokens."""
    issuer = issuer_of(request)
    document = await issuer.keys.public_jwks(purpose="feed")
    headers = {"Cache-Control": f"public, max-age={issuer.settings.jwks_max_age}"}
    return JSONResponse(document, media_type=MEDIA_TYPE, headers=headers)
