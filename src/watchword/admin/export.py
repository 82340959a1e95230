"""What was clicked, ready to be declared elsewhere: without secrets, users, and what belongs to one machine alone.

Addresses of this machine's loopback lead nowhere in production: they are replaced where somebody says by what, and else
left out, each with the reason.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Connection

from watchword.admin import declared
from watchword.admin.declared import Declared, Members
from watchword.admin.desk import AdminDesk
from watchword.oauth.scope import STANDARD_SCOPES

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_METHODS = frozenset({"none", "client_secret_basic"})
_JUDGED_BY = ("status", "origin", "auth_method")
Replacements = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is not exported, and why."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Exported:
    """APIs and clients with the members of a seed file, and what is not among them."""

    apis: tuple[Members, ...]
    clients: tuple[Members, ...]
    left_out: tuple[LeftOut, ...]


async def export(desk: AdminDesk, *, replacements: Replacements = ()) -> Exported:
    """Everything that can be declared elsewhere; nothing is changed.

    Args:
        desk: where the operator works.
        replacements: pairs of addresses: what is, or is below, the first is put at the second.
    """
    own = {desk.console_client_id, desk.settings.cli_client_id}

    def job(connection: Connection) -> Declared:
        return declared.read(connection)

    found = await desk.store.read(job)
    clients = {client_id: one for client_id, one in found.clients.items() if client_id not in own}
    return carry(Declared(found.apis, clients), replacements)


def carry(found: Declared, replacements: Replacements) -> Exported:
    """The part of ``found`` that means something elsewhere."""
    return _Carrying(found, replacements).carried()


class _Carrying:
    def __init__(self, found: Declared, replacements: Replacements) -> None:
        self._found = found
        # The longest first: of http://localhost:80 and http://localhost:8000 each is its own.
        self._replacements = sorted(replacements, key=lambda pair: -len(pair[0]))
        self._left_out: list[LeftOut] = []

    def carried(self) -> Exported:
        moved = {old: self._moved(old) for old in self._found.apis}
        apis = [
            {**_without_judgement(api), "url": moved[old]}
            for old, api in self._found.apis.items()
            if self._may_leave(moved[old], api["status"])
        ]
        there = {api["url"] for api in apis}
        known = {scope["name"] for api in apis for scope in api["scopes"]} | set(STANDARD_SCOPES)
        names = Counter(client["name"] for client in self._found.clients.values())
        clients = []
        for client in self._found.clients.values():
            reason = _not_declared(client, names)
            made = None if reason else self._client(client, there, known)
            if reason is not None:
                self._left_out.append(LeftOut("client", client["name"], reason))
            elif made is not None:
                clients.append(_without_judgement(made))
        return Exported(
            tuple(sorted(apis, key=lambda api: str(api["url"]))),
            tuple(sorted(clients, key=lambda client: str(client["name"]))),
            tuple(self._left_out),
        )

    def _moved(self, address: str) -> str:
        for old, new in self._replacements:
            if address == old or address.startswith((f"{old}/", f"{old}?")):
                return new + address.removeprefix(old)
        return address

    def _may_leave(self, address: str, status: str) -> bool:
        if status == "active" and not _is_loopback(address):
            return True
        reason = "it is this machine's loopback" if status == "active" else "it is disabled"
        self._left_out.append(LeftOut("api", address, reason))
        return False

    def _client(self, client: Members, there: set[str], known: set[str]) -> Members | None:
        name = client["name"]
        made = dict(client)
        for member in ("redirect_uris", "post_logout_redirect_uris"):
            made[member] = self._addresses(client, member, native=client["public"])
        made["allowed_origins"] = self._addresses(client, "allowed_origins", native=False)
        made["api_scopes"] = {
            self._moved(api): scopes for api, scopes in client["api_scopes"].items() if self._moved(api) in there
        }
        if client["default_api"] is not None:
            moved = self._moved(client["default_api"])
            made["default_api"] = moved if moved in there else None
        made["scopes"] = [scope for scope in client["scopes"] if scope in known]
        for scope in client["scopes"]:
            if scope not in known:
                self._left_out.append(LeftOut("client", name, f"its scope {scope}: no API that is exported has it"))
        if not made["redirect_uris"] and not made["api_scopes"]:
            reason = "nothing is left that it could do: its addresses and APIs are this machine's"
        elif made["redirect_uris"] and not made["scopes"]:
            reason = "no scope is left, and a client that is declared without gets the usual ones"
        elif client["roles"] and not made["api_scopes"]:
            reason = "it has roles, and no API is left at which it acts for itself"
        else:
            return made
        self._left_out.append(LeftOut("client", name, reason))
        return None

    def _addresses(self, client: Members, member: str, *, native: bool) -> list[str]:
        """Those that lead somewhere; an application on people's own machines keeps its loopback address, by number."""
        kept = []
        for address in dict.fromkeys(map(self._moved, client[member])):
            if not _is_loopback(address) or (native and urlsplit(address).hostname != "localhost"):
                kept.append(address)
            else:
                words = member.replace("_", " ").removesuffix("s")
                reason = f"its {words} {address}: it is this machine's loopback"
                self._left_out.append(LeftOut("client", client["name"], reason))
        return kept


def _without_judgement(members: Members) -> Members:
    return {name: value for name, value in members.items() if name not in _JUDGED_BY}


def _not_declared(client: Members, names: Counter[str]) -> str | None:
    if client["status"] != "active":
        return "it is disabled"
    if client["origin"] != "operator":
        return "it registered itself"
    if client["auth_method"] not in _METHODS:
        return f"it proves who it is by {client['auth_method']}, which a seed file cannot say"
    if names[client["name"]] > 1:
        return "another client has the same name, and elsewhere clients are found by it"
    return None


def _is_loopback(address: str) -> bool:
    try:
        return urlsplit(address).scheme == "http" and urlsplit(address).hostname in _LOOPBACK
    except ValueError:
        return False
