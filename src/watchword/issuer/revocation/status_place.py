"""Where a token stands in its API's Token Status List.

A token's id ends with its place, so that whoever knows nothing but the id can withdraw it there as well. That tells
no more than the claim ``status`` beside it.
"""

import re
from typing import Any

from sqlalchemy import Connection

from watchword.issuer.endpoints import paths
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.oauth.revocation import ROW_LEEWAY
from watchword.store.identifiers import new_id
from watchword.store.repositories import status_lists
from watchword.store.repositories.apis import Api
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.status_lists import Held, Place

# Seconds for which a place is kept beyond its last token, so that a client that speaks for itself writes once in an
# hour and not with every token.
SPARE = 3600
_ENDING = re.compile(r"[a-z2-7]+_([a-z2-7]+)_([0-9]{1,9})")


def held_by_grant(api: Api, grant: Grant, epochs: Epochs, *, kid: str) -> Held:
    """What the place of a grant's tokens for ``api`` stands for; ``kid`` signs them."""
    assert grant.user_id is not None
    return Held(
        api_id=api.id, grant_id=grant.id, subject=grant.user_id, client_id=grant.client_id, kid=kid, epochs=epochs
    )


def held_by_client(api: Api, client_id: str, epochs: Epochs, *, kid: str) -> Held:
    """The same for a client that speaks for itself."""
    return Held(api_id=api.id, grant_id=None, subject=client_id, client_id=client_id, kid=kid, epochs=epochs)


def find_place(connection: Connection, held: Held, *, now: float) -> Place | None:
    """The place of ``held`` if a token made at ``now`` (UTC epoch seconds) may name it as it is; nothing is written."""
    return status_lists.find_place(connection, held, until=_until(now))


def take_place(connection: Connection, settings: IssuerSettings, held: Held, *, now: float) -> Place:
    """The place of ``held`` for a token made at ``now`` (UTC epoch seconds), in the transaction that permits it."""
    size = settings.status_list_size
    return status_lists.take_place(connection, held, until=_until(now), spare=SPARE, size=size, now=now)


def status_of(settings: IssuerSettings, place: Place) -> dict[str, Any]:
    """The claim ``status`` of a token at ``place``."""
    return {"status_list": {"idx": place.idx, "uri": list_uri(settings, place.list_id)}}


def list_uri(settings: IssuerSettings, list_id: str) -> str:
    """Where a list is."""
    return settings.url(f"{paths.STATUS_LISTS}/{list_id}")


def new_jti(place: Place | None) -> str:
    """A new id for a token, which is at ``place`` if anywhere."""
    return new_id() if place is None else f"{new_id()}_{place.list_id}_{place.idx}"


def place_in(jti: str) -> Place | None:
    """The place of the token of that id; None where it has none."""
    ending = _ENDING.fullmatch(jti)
    return None if ending is None else Place(ending[1], int(ending[2]))


def _until(now: float) -> float:
    return now + LONGEST + ROW_LEEWAY
