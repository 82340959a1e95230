"""The demonstration as one application: the orders API, and the web application that calls it over HTTP."""

from fastapi import FastAPI

from watchword.clock import Clock, SystemClock
from watchword.demo.browser import Browser
from watchword.demo.orders import SCOPES, orders_api
from watchword.demo.settings import DemoSettings
from watchword.fastapi import Guard

_MAX_BODY_BYTES = 64 * 1024


def create_app(settings: DemoSettings, *, clock: Clock | None = None) -> FastAPI:
    """The application of `watchword.demo`.

    Args:
        settings: see `DemoSettings`.
        clock: for sessions and tokens.
    """
    clock = clock or SystemClock()
    guard = Guard(issuer=settings.issuer, audience=settings.audience, clock=clock, danger_explain_refusals=True)
    app = FastAPI(
        title="Orders",
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        max_body_size=_MAX_BODY_BYTES,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(guard.metadata_router(scopes=SCOPES))
    app.include_router(orders_api(guard))
    app.include_router(Browser(settings, clock).routes())
    return app
