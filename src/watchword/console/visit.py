"""An administrator's visit: what every page and every action of the console is given, and nobody else gets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import UnknownError
from watchword.console.admission import admit
from watchword.console.desk import desk_for
from watchword.console.forms import read_trusted_form
from watchword.issuer.exact_route import Endpoint
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.sessions import SignedIn
from watchword.oauth.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by an administrator.

    Args:
        request: as it came.
        admitted: who they are.
        desk: where their actions are done, in their name.
        form: what they sent, from a page of ours; empty when they only look.
    """

    request: Request
    admitted: SignedIn
    desk: AdminDesk
    form: Parameters = field(default_factory=lambda: Parameters({}))

    @property
    def thing(self) -> str:
        """The id in the path."""
        return _storable(str(self.request.path_params["id"]))

    def asked(self, name: str) -> str:
        """What the query says, without the space around it."""
        return _storable(self.request.query_params.get(name, "").strip())[:255]

    def typed(self, name: str) -> str:
        """What stands in a field, without the space around it."""
        return (self.form.get(name) or "").strip()

    def lines(self, name: str) -> tuple[str, ...]:
        """The lines of a field, each once, without empty ones."""
        found = (line.strip() for line in (self.form.get(name) or "").splitlines())
        return tuple(dict.fromkeys(line for line in found if line))


def _storable(text: str) -> str:
    """``text`` as a column could hold it: PostgreSQL refuses to look for a zero byte, which no record has."""
    return text.replace("\x00", "\ufffd")


Answer = Callable[[Visit], Awaitable[Response]]


def page(answer: Answer) -> Endpoint:
    """An endpoint that shows something to administrators and changes nothing."""

    async def endpoint(request: Request) -> Response:
        admitted = await admit(request)
        if isinstance(admitted, Response):
            return admitted
        return await _answered(answer, Visit(request, admitted, desk_for(request, admitted)))

    return endpoint


def action(answer: Answer) -> Endpoint:
    """An endpoint that does what a form of ours asks, for administrators."""

    async def endpoint(request: Request) -> Response:
        # First the form: what is no form of ours gets a clear error, whoever sends it.
        form = await read_trusted_form(request)
        if isinstance(form, Response):
            return form
        admitted = await admit(request)
        if isinstance(admitted, Response):
            return admitted
        return await _answered(answer, Visit(request, admitted, desk_for(request, admitted), form))

    return endpoint


def either(shows: Endpoint, does: Endpoint) -> Endpoint:
    """One endpoint for a path that is looked at and posted to, so that a 405 names both methods."""

    async def endpoint(request: Request) -> Response:
        return await (does if request.method == "POST" else shows)(request)

    return endpoint


async def _answered(answer: Answer, visit: Visit) -> Response:
    try:
        return await answer(visit)
    except UnknownError as error:
        return error_page(visit.request, status=404, title="Error: not here", sentence=error.sentence)
