"""The inspector: what any token says, read in the browser and, when somebody asks for that, verified here."""

import re

from starlette.requests import Request
from starlette.responses import Response

from watchword.console.admission import admit
from watchword.console.forms import read_trusted_form
from watchword.console.inspect_verify import KINDS, Question, Verdict, verify
from watchword.console.pages import console_page
from watchword.console.paths import INSPECT
from watchword.issuer.requests import issuer_of
from watchword.issuer.sessions import SignedIn
from watchword.oauth.parameters import Parameters
from watchword.verify import VerifierSettingsError

_WRAPPING = re.compile(r"\s*(?:authorization:\s*)?(?:bearer|dpop)\s+", re.IGNORECASE)
_FIELDS = ("token", "whose", "issuer", "audience", "kind")


async def inspect(request: Request) -> Response:
    """``GET /console/inspect``: the empty page; ``POST``: the same with a verdict on the token that was sent."""
    # First the form: what is no form of ours gets a clear error, whoever sends it.
    form = await read_trusted_form(request) if request.method == "POST" else None
    if isinstance(form, Response):
        return form
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    if form is None:
        return _page(request, admitted)
    given = {name: form.get(name) or "" for name in _FIELDS}
    question = _question(request, form)
    if isinstance(question, str):
        return _page(request, admitted, given, error=question)
    try:
        verdict = await verify(issuer_of(request), question)
    except VerifierSettingsError as error:
        return _page(request, admitted, given, error=error.sentence)
    return _page(request, admitted, given, verdict=verdict)


def _question(request: Request, form: Parameters) -> Question | str:
    """What was asked, or the sentence that says what is missing."""
    token = "".join(_WRAPPING.sub("", form.get("token") or "", count=1).split()).strip("\"'`")
    issuer = (form.get("issuer") or "").strip() if form.get("whose") == "other" else issuer_of(request).settings.issuer
    kind = form.get("kind") or "rfc9068"
    if not token:
        return "paste a token first"
    if not issuer:
        return "name the issuer whose keys are to be used"
    if kind not in KINDS:
        return "the kind is one of the list"
    return Question(token, issuer, (form.get("audience") or "").strip(), kind)


def _page(
    request: Request,
    admitted: SignedIn,
    given: dict[str, str] | None = None,
    *,
    verdict: Verdict | None = None,
    error: str | None = None,
) -> Response:
    """The page. What was typed comes back to the browser that sent it, which keeps no copy of the answer."""
    context = {
        "action": INSPECT,
        "own_issuer": issuer_of(request).settings.issuer,
        "kinds": list(KINDS.items()),
        "other": given is not None and given["whose"] == "other",
        "given": given or dict.fromkeys(_FIELDS, ""),
        "verdict": verdict,
        "error": error,
    }
    return console_page(request, admitted, "inspect.html", context, status=422 if error else 200, scripts=True)
