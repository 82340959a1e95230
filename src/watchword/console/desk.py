"""The operators' desk, as a request reaches it."""

from typing import cast

from starlette.requests import Request

from watchword.admin.desk import AdminDesk


def desk_of(request: Request) -> AdminDesk:
    """The desk that `watchword.wiring` put beside the issuer."""
    return cast("AdminDesk", request.app.state.desk)
