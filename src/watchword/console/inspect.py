"""The inspector: what any token says, read in the browser and nowhere else."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.console.admission import admit
from watchword.console.pages import form_page


async def inspect(request: Request) -> Response:
    """``GET /console/inspect``: the empty page; what is pasted into it never leaves the browser."""
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    return form_page(request, "inspect.html", {"user_label": admitted.user.label}, scripts=True)
