"""Where the playground's sign-ins come back to; the state says to which part."""

from starlette.responses import Response

from watchword.client.errors import ClientError
from watchword.console import start
from watchword.console.paths import PLAYGROUND
from watchword.console.playground import flow, keeping
from watchword.console.playground.preparation import START
from watchword.console.projects import PROJECTS
from watchword.console.visit import Visit
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.response_modes.query import see_other

_PARTS = frozenset({START, *(kind.name for kind in PROJECTS)})


async def callback(visit: Visit) -> Response:
    """``GET /console/playground-callback``: take the code, and go on where the sign-in was begun."""
    part = flow.part_of(visit.asked("state"))
    try:
        if part not in _PARTS:
            raise flow.FlowError("no sign-in waits for this answer")
        kept = await keeping.load(visit, part)
        if kept.run.player is None:
            raise flow.FlowError("no sign-in waits for this answer")
        flow.come_back(kept.bench, visit.request.scope["query_string"].decode("latin-1"))
    except ClientError as error:
        return error_page(visit.request, status=400, title="The sign-in did not succeed", sentence=error.sentence)
    if part == START:
        return await start.finish(visit, kept)
    await keeping.save(visit, kept)
    return see_other(f"{PLAYGROUND}/{part}/run?open={flow.RETURN.name}#step-{flow.RETURN.name}")
