"""The public keys: https://www.rfc-editor.org/rfc/rfc7517#section-5"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.requests import issuer_of

MEDIA_TYPE = "application/jwk-set+json"


async def jwks(request: Request) -> Response:
    """Every key that a token now in use, or soon to be made, may be signed with; public members only.

    The cache time is the one that pre-publication is measured against: a successor is in every cache before it signs.
    """
    issuer = issuer_of(request)
    document = await issuer.keys.public_jwks()
    headers = {"Cache-Control": f"public, max-age={issuer.settings.jwks_max_age}"}
    return JSONResponse(document, media_type=MEDIA_TYPE, headers=headers)
