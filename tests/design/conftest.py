"""The samples that the preview shows, rendered as the product renders them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from tests.design.samples import read_samples

from watchword.issuer.interaction.rendering import Renderer

HERE = Path(__file__).parent
Render = Callable[..., str]


def request(*, local: bool = True) -> Request:
    """A request as an endpoint of an issuer at localhost:8400 sees it."""
    application = Starlette()
    application.state.issuer = SimpleNamespace(settings=SimpleNamespace(local=local, host="localhost:8400"))
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "app": application})


@pytest.fixture(scope="session")
def samples() -> dict[str, dict[str, Any]]:
    return read_samples()


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    made = Renderer("watchword.console", "watchword.issuer.interaction")
    loader = made._environment.loader
    assert isinstance(loader, jinja2.ChoiceLoader)
    loader.loaders = [*loader.loaders, jinja2.FileSystemLoader(HERE / "templates")]
    return made


@pytest.fixture
def rendered(samples: dict[str, dict[str, Any]], renderer: Renderer) -> Render:
    """The page of a sample, with some of its context changed."""

    def render(name: str, /, *, local: bool = True, **changes: Any) -> str:
        sample = samples[name]
        response = renderer(request(local=local), sample["template"], {**sample["context"], **changes})
        return bytes(response.body).decode()

    return render
