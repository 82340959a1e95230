"""Probes: alive means the process answers; ready means it can sign everything it signs and its records answer (R37)."""

from sqlalchemy import literal, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.errors import WatchwordError
from watchword.issuer.keys.slots import FEED
from watchword.issuer.requests import issuer_of


async def healthz(request: Request) -> Response:
    """The process answers."""
    del request
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """Records can be read and a signing key is at hand; else 503 with which of the two is missing."""
    issuer = issuer_of(request)
    missing = []
    try:
        await issuer.store.read(lambda connection: connection.execute(select(literal(1))).scalar_one())
    except WatchwordError:
        missing.append("store")
    else:
        try:
            signers = await issuer.keys.signers()
            for algorithm in await issuer.keys.must_sign():
                signers.of(algorithm)
            await issuer.keys.signer(FEED.algorithm, purpose=FEED.purpose)
        except WatchwordError:
            missing.append("keys")
    if missing:
        return JSONResponse({"status": "not ready", "missing": missing}, status_code=503, headers={"Retry-After": "2"})
    return JSONResponse({"status": "ready"})
