"""The playground's front: what do you build?"""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from watchword.console.pages import console_page
from watchword.console.paths import PLAYGROUND, START
from watchword.console.playground import keeping
from watchword.console.playground.kinds import arrows_of, attacks_on
from watchword.console.playground.run import Run
from watchword.console.projects import PROJECTS, ProjectKind
from watchword.console.visit import Visit


async def choose(visit: Visit) -> Response:
    """``GET /console/playground``: every kind, with what has been reached in it."""
    if visit.desk.settings.demo_url is None:
        raise HTTPException(404)
    kinds = []
    for kind in PROJECTS:
        kept = await keeping.load(visit, kind.name)
        kinds.append(
            {
                "url": f"{PLAYGROUND}/{kind.name}",
                "key": kind.name,
                "title": kind.title,
                "flow": kind.flow,
                "sentence": kind.sentence,
                "reached": reached(kind, kept.run),
            }
        )
    return console_page(visit.request, visit.admitted, "playground.html", {"kinds": kinds, "start_url": START})


def reached(kind: ProjectKind, run: Run) -> list[str]:
    """What has been done in that part, in a few words each."""
    said = []
    if run.player is not None:
        said.append("created")
    if run.steps:
        said.append(f"{len(run.steps)} of {len(arrows_of(kind))} steps")
    if run.trials:
        said.append(f"{len(run.trials)} of {len(attacks_on(kind))} attacks")
    return said
