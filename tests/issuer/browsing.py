"""A person with a browser, in this process: keeps cookies, reads forms, types and clicks."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from tests.issuer.issuing import REDIRECT, VERIFIER, World, client_of

from watchword.issuer.app import create_app
from watchword.oauth import pkce
from watchword.store.identifiers import new_id
from watchword.store.repositories import users
from watchword.store.repositories.clients import Client
from watchword.store.repositories.users import User

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Browser:
    """One browser at the world's issuer."""

    world: World
    http: httpx2.AsyncClient

    async def authorize(self, client: Client, **changes: Any) -> httpx2.Response:
        """A good authorization request, changed as asked; None leaves a parameter out."""
        return await self.http.get("/authorize", params=request_of(client, **changes))

    async def open(self, answer: httpx2.Response) -> httpx2.Response:
        """Follow redirects inside the issuer; the page, or the redirect that leaves it."""
        while answer.status_code == 303 and answer.headers["location"].startswith("/"):
            answer = await self.http.get(answer.headers["location"])
        return answer

    async def submit(self, page: httpx2.Response, **fields: str) -> httpx2.Response:
        """Send the form of ``page`` with what the person types or clicks."""
        return await self.http.post(action_of(page), data={**hidden_of(page), **fields})

    async def sign_in(self, page: httpx2.Response, username: str = "bob", password: str = PASSWORD) -> httpx2.Response:
        """Fill in a login page."""
        return await self.submit(page, username=username, password=password)

    async def sign_in_plainly(self, username: str = "bob") -> None:
        """Sign in without an application."""
        answer = await self.sign_in(await self.http.get("/login"), username)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/console"

    async def is_signed_in(self, client: Client) -> bool:
        """What ``prompt=none`` tells the client."""
        told = told_to_client(await self.authorize(client, prompt="none"))
        assert "code" in told or told["error"] == "login_required"
        return "code" in told


def request_of(client: Client, **changes: Any) -> dict[str, Any]:
    """The parameters of a good authorization request, changed as asked; None leaves one out."""
    parameters = {
        "client_id": client.id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid",
        "state": "st-1",
        "code_challenge": pkce.challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def told_to_client(answer: httpx2.Response, redirect_uri: str = REDIRECT) -> dict[str, str]:
    """What an authorization response says; it must be a redirect to the client's own address."""
    assert answer.status_code == 303, f"{answer.status_code} {answer.text[:2000]}"
    location = answer.headers["location"]
    assert location.startswith(redirect_uri), location
    told = parse_qs(urlsplit(location).query, strict_parsing=True)
    assert all(len(values) == 1 for values in told.values())
    return {name: values[0] for name, values in told.items()}


def hidden_of(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields of the page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def action_of(page: httpx2.Response) -> str:
    """Where the page's form goes."""
    found = re.search(r'<form method="post" action="([^"]*)"', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


async def person(world: World, username: str = "bob", **changes: Any) -> User:
    """A user with a password."""
    user = replace(
        world.user,
        id=new_id(),
        username=username,
        email=f"{username}@example.com",
        claims={},
        password_hash=await world.issuer.passwords.hash(PASSWORD),
        **changes,
    )
    await world.issuer.store.write(partial(users.create, user=user))
    return user


@asynccontextmanager
async def browser_of(world: World) -> AsyncIterator[Browser]:
    """Another browser, with no cookies."""
    async with client_of(create_app(world.issuer)) as http:
        yield Browser(world, http)
