"""A new secret, shown in the answer to the form that asked for it and nowhere else."""

from starlette.responses import Response

from watchword.console.pages import console_page
from watchword.console.visit import Visit


def secret_page(visit: Visit, *, title: str, name: str, identifier: str, secret: str | None, back: str) -> Response:
    """The page with the id and, unless there is none, the secret; browsers keep no copy of it (``no-store``).

    Args:
        visit: whose answer it is.
        title: what was done.
        name: whose id and secret these are.
        identifier: the id.
        secret: the secret.
        back: the page of the thing.
    """
    context = {"title": title, "name": name, "id": identifier, "secret": secret, "url": back}
    return console_page(visit.request, visit.admitted, "secret.html", context)
