"""The operators' desk, as a request reaches it."""

from typing import cast

from starlette.requests import Request

from watchword.admin.desk import AdminDesk
from watchword.issuer.requests import by_user
from watchword.issuer.sessions import SignedIn


def desk_of(request: Request) -> AdminDesk:
    """The desk that `watchword.wiring` put beside the issuer."""
    return cast("AdminDesk", request.app.state.desk)


def desk_for(request: Request, admitted: SignedIn) -> AdminDesk:
    """The desk with the administrator at it, so that the audit names them."""
    return desk_of(request).as_actor(by_user(request, admitted.user.id))
