"""One kind of project: what is created for it and why, and the project to copy or download."""

import re

from starlette.exceptions import HTTPException
from starlette.responses import Response

from watchword.admin.errors import AdminError
from watchword.console.pages import console_page
from watchword.console.paths import PLAYGROUND
from watchword.console.playground import keeping
from watchword.console.playground.keeping import Kept
from watchword.console.playground.kinds import facts_of, kind_of, make
from watchword.console.playground.tabs import tabs_of
from watchword.console.projects import ProjectKind, archive, command
from watchword.console.visit import Visit
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.response_modes.query import see_other

_SECRET_FILE = re.compile(r"secret|\.env")


async def project(visit: Visit) -> Response:
    """``GET /console/playground/{kind}``: what would be created, or the project."""
    kind = kind_of(visit)
    return _page(visit, await keeping.load(visit, kind.name), kind)


async def create(visit: Visit) -> Response:
    """``POST /console/playground/{kind}``: create API and client."""
    kind = kind_of(visit)
    kept = await keeping.load(visit, kind.name)
    try:
        await make(kept.bench, kind)
    except AdminError as error:
        return error_page(visit.request, status=409, title="This cannot be created", sentence=error.sentence)
    await keeping.save(visit, kept)
    return see_other(f"{PLAYGROUND}/{kind.name}")


async def download(visit: Visit) -> Response:
    """``GET /console/playground/{kind}/project.zip``: the project as an archive."""
    kind = kind_of(visit)
    kept = await keeping.load(visit, kind.name)
    if kept.run.player is None:
        raise HTTPException(404)
    packed = archive(kind, facts_of(kept.bench, kind), folder=kind.name)
    headers = {"Content-Disposition": f'attachment; filename="{kind.name}.zip"', "Cache-Control": "no-store"}
    return Response(packed, media_type="application/zip", headers=headers)


def _page(visit: Visit, kept: Kept, kind: ProjectKind) -> Response:
    wanted, address = kind.wanted(), f"{PLAYGROUND}/{kind.name}"
    context = {
        "kind": {"title": kind.title, "flow": kind.flow, "sentence": kind.sentence},
        "action": address,
        "tabs": tabs_of(kind, kept.run, here=address),
        "why": wanted.why,
        "api": {"identifier": wanted.api_identifier, "name": wanted.api_name, "scopes": wanted.scopes},
        "client": {
            "name": wanted.client_name,
            "public": wanted.public,
            "redirect_uris": wanted.redirect_uris,
            "id": kept.run.player.client_id if kept.run.player is not None else "",
        },
        "command": command(kind),
        "folder": kind.name,
        "download_url": f"{address}/project.zip",
        "run_url": f"{address}/run",
        "files": [],
        "file": None,
    }
    if kept.run.player is not None:
        files = kind.files(facts_of(kept.bench, kind))
        wanted_file = visit.asked("file")
        shown = wanted_file if wanted_file in files else "README.md"
        context["files"] = [
            {"url": f"{address}?file={name}#project", "path": name, "current": name == shown} for name in files
        ]
        # What the secret file holds is for the download: nobody should read it over a shoulder.
        is_secret = bool(_SECRET_FILE.search(shown)) and kept.run.player.client_secret is not None
        context["file"] = {"path": shown, "text": "" if is_secret else files[shown], "secret": is_secret}
    return console_page(visit.request, visit.admitted, "playground_project.html", context, scripts=True)
