"""What a team's own repository wants to find: APIs, clients, users and roles, as a TOML file (docs/seed.md).

Reading it changes nothing. Every problem is told at once, each with the place it is at.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watchword.admin.apis import api_problems, name_problems
from watchword.admin.clients import ClientRequest
from watchword.admin.errors import InvalidRequestError
from watchword.admin.users import UserRequest, role_problems
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.store.repositories.apis import Scope

# An id that a file chooses is no secret, but it must not be one that somebody else got at random.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}")
_SECRET = re.compile(r"[A-Za-z0-9._~-]{16,256}")
_LOCAL_ONLY = "is allowed only for an issuer on this machine's loopback"

_API = {"url": str, "name": str, "scopes": list, "token_lifetime": int, "signing_alg": str, "status_list": bool}
_CLIENT = {
    "id": str,
    "secret": str,
    "name": str,
    "public": bool,
    "redirect_uris": list,
    "post_logout_redirect_uris": list,
    "allowed_origins": list,
    "scopes": list,
    "api_scopes": dict,
    "default_api": str,
    "id_token_alg": str,
    "profile": str,
    "roles": list,
}
_USER = {"email": str, "username": str, "name": str, "claims": dict, "roles": list, "password": str}


@dataclass(frozen=True, slots=True)
class SeedApi:
    """An API to be there; of what is None the installation's own choice stays."""

    identifier: str
    name: str
    scopes: tuple[Scope, ...]
    token_lifetime: int | None = None
    signing_alg: str | None = None
    status_list: bool | None = None


@dataclass(frozen=True, slots=True)
class SeedClient:
    """A client to be there; found again by ``id``, or else by its name."""

    request: ClientRequest
    id: str | None
    secret: str | None = field(repr=False)
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything a seed file asks for."""

    apis: tuple[SeedApi, ...]
    clients: tuple[SeedClient, ...]
    users: tuple[UserRequest, ...]


def read(path: Path, *, local: bool) -> Seed:
    """The seed in the file at ``path``.

    Args:
        path: a TOML file.
        local: whether the issuer is on this machine's loopback; only then may the file hold passwords, secrets and ids.

    Raises:
        InvalidRequestError: with every problem found.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequestError(f"the seed file cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = re.search(r"\(at .*\)$", str(error))
        raise InvalidRequestError(f"the seed file is not TOML {where[0] if where else ''}".rstrip()) from error
    problems: list[str] = []
    problems.extend(f"{name} is not api, client or user" for name in document if name not in {"api", "client", "user"})
    seed = Seed(
        apis=tuple(_each(document, "api", _API, _read_api, problems)),
        clients=tuple(_each(document, "client", _CLIENT, lambda entry: _read_client(entry, local=local), problems)),
        users=tuple(_each(document, "user", _USER, lambda entry: _read_user(entry, local=local), problems)),
    )
    problems.extend(_twice("api", [api.identifier for api in seed.apis]))
    problems.extend(_twice("client", [client.id or client.request.name for client in seed.clients]))
    problems.extend(_twice("user", [user.email.casefold() for user in seed.users]))
    if problems:
        raise InvalidRequestError(*problems)
    return seed


def _each(
    document: Mapping[str, Any],
    kind: str,
    members: Mapping[str, type],
    build: Callable[[Mapping[str, Any]], Any],
    problems: list[str],
) -> Iterator[Any]:
    entries = document.get(kind, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append(f"write each {kind} as [[{kind}]]")
        return
    for number, entry in enumerate(entries, start=1):
        found = list(_shape_problems(entry, members))
        if not found:
            try:
                yield build(entry)
            except InvalidRequestError as error:
                found.extend(error.problems)
        problems.extend(f"{kind} {number}: {problem}" for problem in found)


def _shape_problems(entry: Mapping[str, Any], members: Mapping[str, type]) -> Iterator[str]:
    words = {str: "a text", list: "a list", bool: "true or false", dict: "a table", int: "a whole number"}
    for name, value in entry.items():
        if name not in members:
            yield f"{name} is not one of {', '.join(members)}"
        elif not isinstance(value, members[name]) or (members[name] is int and isinstance(value, bool)):
            yield f"{name} must be {words[members[name]]}"
        elif isinstance(value, list) and name != "scopes" and not all(isinstance(item, str) for item in value):
            yield f"{name} must be a list of texts"


def _read_api(entry: Mapping[str, Any]) -> SeedApi:
    problems = [] if entry.get("url") else ["url is missing"]
    scopes = []
    for item in entry.get("scopes", []):
        if isinstance(item, str):
            scopes.append(Scope(item, ""))
        elif isinstance(item, dict) and {"name"} <= item.keys() <= {"name", "description"}:
            scopes.append(Scope(str(item["name"]), str(item.get("description", ""))))
        else:
            problems.append('a scope is a text, or {name = "…", description = "…"}')
    if not problems:
        problems.extend(api_problems(entry["url"], scopes))
    problems.extend(name_problems(entry.get("name", "")))
    lifetime = entry.get("token_lifetime")
    if lifetime is not None and not 1 <= lifetime <= LONGEST:
        problems.append(f"token_lifetime is 1 to {LONGEST} seconds")
    if problems:
        raise InvalidRequestError(*problems)
    chosen = (entry.get("signing_alg"), entry.get("status_list"))
    return SeedApi(entry["url"], entry.get("name", ""), tuple(scopes), lifetime, *chosen)


def _read_client(entry: Mapping[str, Any], *, local: bool) -> SeedClient:
    problems = [f"{name} {_LOCAL_ONLY}" for name in ("id", "secret") if name in entry and not local]
    if "id" in entry and not _ID.fullmatch(entry["id"]):
        problems.append("id must be 3 to 64 letters, digits, dots, dashes or underscores")
    if "secret" in entry and not _SECRET.fullmatch(entry["secret"]):
        problems.append("secret must be 16 to 256 letters, digits or one of . _ ~ -")
    if entry.get("public") and "secret" in entry:
        problems.append("a public client has no secret")
    api_scopes = entry.get("api_scopes", {})
    lists = [entry.get("scopes", []), *api_scopes.values()]
    if not all(isinstance(one, list) and all(isinstance(scope, str) for scope in one) for one in lists):
        raise InvalidRequestError(*problems, "scopes must be lists of texts")
    request = ClientRequest(
        name=entry.get("name", entry.get("id", "")),
        **{name: entry[name] for name in _CLIENT if name in entry and name not in {"id", "secret", "name", "roles"}},
    )
    roles = tuple(entry.get("roles", ()))
    problems.extend([*request.problems(), *role_problems(roles)])
    if roles and not request.api_scopes:
        problems.append("roles are for a client that acts for itself: give it api_scopes")
    if problems:
        raise InvalidRequestError(*problems)
    return SeedClient(request, entry.get("id"), entry.get("secret"), roles)


def _read_user(entry: Mapping[str, Any], *, local: bool) -> UserRequest:
    problems = [] if entry.get("email") else ["email is missing"]
    if "password" in entry and not local:
        problems.append(f"password {_LOCAL_ONLY}")
    if problems:
        raise InvalidRequestError(*problems)
    request = UserRequest(**entry)
    problems.extend(request.problems())
    if problems:
        raise InvalidRequestError(*problems)
    return request


def _twice(kind: str, names: list[str]) -> list[str]:
    return [f"{kind} {name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
