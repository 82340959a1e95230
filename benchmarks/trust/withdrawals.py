"""Every way in which trust is withdrawn: by the client's own request, and by what an operator's command does."""

import base64
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from benchmarks.trust.installation import Desk, Installation
from benchmarks.trust.records import Person

from watchword.admin import revocation
from watchword.admin.desk import AdminDesk
from watchword.issuer.revocation import withdraw

Withdrawal = Callable[[Installation, Desk, Person, str], float]


def by_request(installation: Installation, desk: Desk, person: Person, token: str) -> float:
    """The client withdraws its access token; the moment of the 200."""
    del desk
    installation.post("/revoke", {"token": token}, pair=person.client.pair)
    return time.monotonic()


def family_by_request(installation: Installation, desk: Desk, person: Person, token: str) -> float:
    """The client withdraws its refresh token and with it the grant; the moment of the 200."""
    del desk, token
    installation.post("/revoke", {"token": person.refresh_token}, pair=person.client.pair)
    return time.monotonic()


def _at_desk(action: Callable[[AdminDesk, Person, str], Awaitable[Any]]) -> Withdrawal:
    def withdrawal(installation: Installation, desk: Desk, person: Person, token: str) -> float:
        del installation

        async def work(admin: AdminDesk) -> float:
            await action(admin, person, token)
            return time.monotonic()

        return desk.do(work)

    return withdrawal


async def _key(admin: AdminDesk, person: Person, token: str) -> None:
    del person
    kid = part(token, 0)["kid"]
    job = partial(withdraw.key, kid=kid, reason="operator", actor=admin.actor, now=admin.clock.now())
    await admin.store.write(job)


# Those that end what others use come last.
WITHDRAWALS: Mapping[str, Withdrawal] = {
    "token, by request": by_request,
    "grant, by request": family_by_request,
    "token": _at_desk(
        lambda admin, _, token: revocation.revoke_token(admin, part(token)["jti"], expires_at=part(token)["exp"])
    ),
    "grant": _at_desk(lambda admin, person, _: revocation.revoke_grant(admin, person.grant_id)),
    "session": _at_desk(lambda admin, person, _: revocation.revoke_session(admin, person.session_id)),
    "user": _at_desk(lambda admin, person, _: revocation.revoke_user(admin, person.user_id)),
    "client": _at_desk(lambda admin, person, _: revocation.revoke_client(admin, person.client.client_id)),
    "key": _at_desk(_key),
    "everything": _at_desk(lambda admin, _, __: revocation.revoke_everything(admin)),
}


def part(token: str, number: int = 1) -> dict[str, Any]:
    """The claims of ``token``, or with ``number`` 0 its header; nothing is checked."""
    text = token.split(".")[number]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found
