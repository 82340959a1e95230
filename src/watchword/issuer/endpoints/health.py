"""Probes: alive means the process answers; ready means it can do its work (R37).

Everybody may ask, so the answer is one word; which check failed is told on the management listener.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.requests import issuer_of


async def healthz(request: Request) -> Response:
    """The process answers. Nothing is asked of anything: a database that is away is no reason to start again."""
    del request
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """Whether requests should be sent here."""
    report = await issuer_of(request).health.report()
    if not report.is_ready:
        return JSONResponse({"status": "not ready"}, status_code=503, headers={"Retry-After": "2"})
    return JSONResponse({"status": "ready"})
