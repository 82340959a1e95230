"""An authorization request while it is being checked: what each rule found, for the rules after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.issuer.context import Issuer
from watchword.issuer.response_modes.query import QUERY, ResponseMode
from watchword.oauth.parameters import Parameters
from watchword.store.repositories.apis import Api
from watchword.store.repositories.clients import Client


@dataclass(slots=True)
class Draft:
    """What was asked, and what has been found out about it so far.

    Members without a default are set by the rule that is named after them and must not be read before it has run.

    Args:
        issuer: who is asked.
        parameters: what is asked.
        now: UTC epoch seconds.
    """

    issuer: Issuer
    parameters: Parameters
    now: float

    client: Client = field(init=False)
    redirect_uri: str = field(init=False)
    redirect_uri_sent: bool = field(init=False)
    state: str | None = None
    response_mode: ResponseMode = QUERY
    code_challenge: str | None = None
    resources: tuple[str, ...] = ()
    apis: tuple[Api, ...] = ()
    scopes: tuple[str, ...] = ()
    nonce: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    hinted_user_id: str | None = None
    login_hint: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
