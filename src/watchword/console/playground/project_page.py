"""One kind of project: what is created for it and why, and the project to copy or download."""

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from watchword.admin.errors import AdminError
from watchword.console.admission import admit
from watchword.console.forms import read_trusted_form
from watchword.console.pages import console_page
from watchword.console.paths import PLAYGROUND
from watchword.console.playground import keeping
from watchword.console.playground.keeping import Kept
from watchword.console.playground.kinds import facts_of, kind_of, make
from watchword.console.playground.tabs import tabs_of
from watchword.console.projects import ProjectKind, archive, command
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.response_modes.query import see_other
from watchword.issuer.sessions import SignedIn

_SECRET_FILE = re.compile(r"secret|\.env")


async def project(request: Request) -> Response:
    """``GET /console/playground/{kind}``: what would be created, or the project; ``POST``: create it."""
    form = await read_trusted_form(request) if request.method == "POST" else None
    if isinstance(form, Response):
        return form
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    kind = kind_of(request)
    kept = await keeping.load(request, admitted, kind.name)
    if form is None:
        return _page(request, admitted, kept, kind)
    try:
        await make(kept.bench, kind)
    except AdminError as error:
        return error_page(request, status=409, title="This cannot be created", sentence=error.sentence)
    await keeping.save(request, admitted, kept)
    return see_other(f"{PLAYGROUND}/{kind.name}")


async def download(request: Request) -> Response:
    """``GET /console/playground/{kind}/project.zip``: the project as an archive."""
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    kind = kind_of(request)
    kept = await keeping.load(request, admitted, kind.name)
    if kept.run.player is None:
        raise HTTPException(404)
    packed = archive(kind, facts_of(kept.bench, kind), folder=kind.name)
    headers = {"Content-Disposition": f'attachment; filename="{kind.name}.zip"', "Cache-Control": "no-store"}
    return Response(packed, media_type="application/zip", headers=headers)


def _page(request: Request, admitted: SignedIn, kept: Kept, kind: ProjectKind) -> Response:
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
        wanted_file = request.query_params.get("file", "")
        shown = wanted_file if wanted_file in files else "README.md"
        context["files"] = [
            {"url": f"{address}?file={name}#project", "path": name, "current": name == shown} for name in files
        ]
        # What the secret file holds is for the download: nobody should read it over a shoulder.
        is_secret = bool(_SECRET_FILE.search(shown)) and kept.run.player.client_secret is not None
        context["file"] = {"path": shown, "text": "" if is_secret else files[shown], "secret": is_secret}
    return console_page(request, admitted, "playground_project.html", context, scripts=True)
