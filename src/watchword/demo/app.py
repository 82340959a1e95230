"""The demonstration as one application: two protected APIs, and the web application that calls one over HTTP."""

from fastapi import FastAPI

from watchword.clock import Clock, SystemClock
from watchword.demo.browser import Browser
from watchword.demo.orders import SCOPES, orders_api
from watchword.demo.payroll import PATH, payroll_api
from watchword.demo.settings import DemoSettings
from watchword.demo.told_guard import TellVerification, ToldGuard

_MAX_BODY_BYTES = 64 * 1024


def create_app(settings: DemoSettings, *, clock: Clock | None = None) -> FastAPI:
    """The application of `watchword.demo`.

    Args:
        settings: see `DemoSettings`.
        clock: for sessions and tokens.
    """
    clock = clock or SystemClock()
    guard = ToldGuard(issuer=settings.issuer, audience=settings.audience, clock=clock)
    payroll_guard = ToldGuard(issuer=settings.issuer, audience=f"{settings.audience}{PATH}", clock=clock)
    app = FastAPI(
        title="Orders",
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        max_body_size=_MAX_BODY_BYTES,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(guard.metadata_router(scopes=SCOPES))
    app.include_router(orders_api(guard))
    app.include_router(payroll_api(payroll_guard))
    app.add_middleware(TellVerification)
    app.include_router(Browser(settings, clock).routes())
    return app
