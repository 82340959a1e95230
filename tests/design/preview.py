"""Every page with sample contexts on loopback, and their screenshots; `python tests/design/preview.py --help`."""

import argparse
import contextlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jinja2
import uvicorn
from playwright.sync_api import ConsoleMessage, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from tests.design.samples import read_samples

from watchword.issuer.interaction.rendering import STATIC_ROUTE, Renderer

HERE = Path(__file__).parent
SAMPLES = read_samples()
WIDTHS = (1280, 390)
THEMES = ("light", "dark")


def preview_app() -> Starlette:
    """The templates as the product renders them; only who calls them is made up."""
    render = Renderer("watchword.console", "watchword.issuer.interaction")
    own = render._environment.loader
    assert isinstance(own, jinja2.ChoiceLoader)
    own.loaders = [*own.loaders, jinja2.FileSystemLoader(HERE / "templates")]

    async def page(request: Request) -> HTMLResponse:
        sample = SAMPLES[request.path_params["name"]]
        return render(request, sample["template"], sample["context"], status=sample.get("status", 200))

    application = Starlette(routes=[STATIC_ROUTE, Route("/preview/{name}", page)])
    settings = SimpleNamespace(local=True, host="localhost:8400")
    application.state.issuer = SimpleNamespace(settings=settings)
    return application


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The preview on a free loopback port, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(preview_app(), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=5)


def complain(message: ConsoleMessage) -> None:
    """A page that answers 4xx on purpose is reported by Chromium too, and is no fault."""
    if "the server responded with a status of 4" not in message.text:
        sys.stderr.write(f"console: {message.text}\n")


def shoot(folder: Path, names: list[str], chromium: str) -> None:
    """One picture per page, width and theme, and a complaint for each sideways scroll or console message."""
    with served() as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in THEMES:
            for width in WIDTHS:
                page = browser.new_page(
                    viewport={"width": width, "height": 844 if width < 600 else 800},
                    color_scheme="dark" if theme == "dark" else "light",
                )
                page.on("console", complain)
                for name in names:
                    page.goto(f"{base}/preview/{name}")
                    for narrow in (width, 320) if width < 600 else (width,):
                        page.set_viewport_size({"width": narrow, "height": 844 if width < 600 else 800})
                        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                            sys.stderr.write(f"{name} scrolls sideways at {narrow}\n")
                    page.set_viewport_size({"width": width, "height": 844 if width < 600 else 800})
                    page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
                page.close()
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=list(SAMPLES), help="samples to shoot; all of them when none is named"
    )
    parser.add_argument("--into", type=Path, default=Path("/tmp/watchword-preview"))
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    shoot(arguments.into, arguments.names, arguments.chromium)


if __name__ == "__main__":
    main()
