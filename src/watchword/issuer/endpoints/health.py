"""Probes: alive means the process answers; ready means it can sign everything it signs and its records answer (R37)."""

from sqlalchemy import literal, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.errors import WatchwordError
from watchword.issuer.keys.rotation import SLOTS
from watchword.issuer.requests import issuer_of


async def healthz(request: Request) -> Response:
    """The process answers."""
    del request
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """Records can be read and are no older copy, and a signing key is at hand; else 503 with what is missing."""
    issuer = issuer_of(request)
    missing = []
    if issuer.guard.is_restored:
        missing.append("restore")
    try:
        await issuer.store.read(lambda connection: connection.execute(select(literal(1))).scalar_one())
    except WatchwordError:
        missing.append("store")
    else:
        try:
            for slot in SLOTS:
                await issuer.keys.signer(slot.algorithm, purpose=slot.purpose)
        except WatchwordError:
            missing.append("keys")
    if missing:
        return JSONResponse({"status": "not ready", "missing": missing}, status_code=503, headers={"Retry-After": "2"})
    return JSONResponse({"status": "ready"})
