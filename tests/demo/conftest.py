"""The demonstration on a real socket, trusting the toy issuer."""

from collections.abc import Iterator

import pytest
from tests.client.toy_issuer import ToyIssuer, listening_socket, serving, toy_issuer

from watchword.clock import SettableClock
from watchword.demo.app import create_app
from watchword.demo.settings import DemoSettings


@pytest.fixture
def issuer(clock: SettableClock) -> Iterator[ToyIssuer]:
    with toy_issuer(clock) as running:
        yield running


@pytest.fixture
def demo(issuer: ToyIssuer, clock: SettableClock) -> Iterator[DemoSettings]:
    """Settings of the running demonstration."""
    with listening_socket() as listener:
        origin = f"http://localhost:{listener.getsockname()[1]}"
        settings = DemoSettings(
            issuer=issuer.issuer,
            origin=origin,
            audience=origin,
            client_id="orders-demo",
            client_secret="canary-secret",
            stylesheet=f"{issuer.issuer}/static/watchword.css",
        )
        with serving(create_app(settings, clock=clock), listener):
            yield settings
