"""Fixtures for pytest: ``issuer``, ``token``, ``auth_headers``, ``signed_in``.

They come with the installation of Watchword. A project in which several issuers or APIs are known says which one its
tests are about:

    [tool.pytest.ini_options]
    watchword_issuer = "https://auth.example.com"
    watchword_audience = "https://api.example.com"
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # loaded in every run of pytest, whether or not a test asks for it
    from contextlib import AbstractContextManager

    from watchword.verify.testing import FakeIssuer

_OPTIONS = ("issuer", "audience", "profile")


def pytest_addoption(parser: pytest.Parser) -> None:
    for name in _OPTIONS:
        parser.addini(f"watchword_{name}", f"the {name} that the tests of this project are about", default=None)


@pytest.fixture
def issuer(pytestconfig: pytest.Config) -> "Iterator[FakeIssuer]":
    """An active `watchword.verify.testing.FakeIssuer`, in place of the one that the application trusts."""
    from watchword.verify.testing import FakeIssuer  # noqa: PLC0415  see above

    said: dict[str, Any] = {name: pytestconfig.getini(f"watchword_{name}") or None for name in _OPTIONS}
    with FakeIssuer(said.pop("issuer"), **said) as active:
        yield active


@pytest.fixture
def token(issuer: "FakeIssuer") -> Callable[..., str]:
    """``token("alice", scopes=[...])``: an access token; see `FakeIssuer.token`."""
    return issuer.token


@pytest.fixture
def auth_headers(issuer: "FakeIssuer") -> Callable[..., dict[str, str]]:
    """``auth_headers("alice", scopes=[...])``: the headers of a request; see `FakeIssuer.token`."""
    return issuer.auth_headers


@pytest.fixture
def signed_in(issuer: "FakeIssuer") -> "Callable[..., AbstractContextManager[str]]":
    """Being signed in for a block, see `FakeIssuer.signed_in`."""
    return issuer.signed_in
