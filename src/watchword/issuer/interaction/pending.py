"""Requests that wait for their user: kept on the server under an opaque id, bound to the browser that began (O14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.interaction.error_page import no_longer_open
from watchword.issuer.requests import issuer_of
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.repositories import authorization_requests
from watchword.store.repositories.authorization_requests import PendingRequest

# The parameter of pages and forms that carries the id.
FIELD = "flow"

Kind = Literal["authorization", "logout"]


class LostFlowError(Exception):
    """The request cannot go on; ``response`` says why."""

    def __init__(self, response: Response) -> None:
        super().__init__("the flow cannot go on")
        self.response = response


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept. ``details`` is JSON; see `PendingRequest` for the rest."""

    kind: Kind
    client_id: str
    details: Mapping[str, Any]
    browser_hash: str | None
    authenticated_after: float | None = None


async def keep(request: Request, kept: Kept) -> str:
    """Store ``kept`` for a while; the opaque id under which `find` gives it back."""
    issuer, flow_id = issuer_of(request), new_bearer("wwf")
    now = issuer.clock.now()
    pending = PendingRequest(
        id_hash=digest(flow_id),
        browser_hash=kept.browser_hash,
        parameters={**kept.details, "kind": kept.kind},
        client_id=kept.client_id,
        authenticated_after=kept.authenticated_after,
        consented=False,
        created_at=now,
        expires_at=now + issuer.settings.interaction_lifetime,
    )
    await issuer.store.write(lambda connection: authorization_requests.create(connection, pending))
    return flow_id


async def find(request: Request, flow_id: str, *, kind: Kind, browser_hash: str | None) -> PendingRequest:
    """What was kept under ``flow_id`` for this browser (None: for any).

    Raises:
        LostFlowError: nothing, or nothing any more.
    """
    issuer = issuer_of(request)
    id_hash, now = digest(flow_id), issuer.clock.now()
    pending = await issuer.store.read(
        lambda connection: authorization_requests.find_open(connection, id_hash, browser_hash=browser_hash, now=now)
    )
    if pending is None or pending.parameters["kind"] != kind:
        raise LostFlowError(no_longer_open(request))
    return pending


def page_of(path: str, flow_id: str) -> str:
    """The address of a page for the request kept under ``flow_id``."""
    return f"{path}?{FIELD}={flow_id}"
