"""A newcomer: from `pip install` to a protected endpoint of their own, by what the screens say and nothing else.

What is on a page is found by its words, as people find it. How long each step takes is printed (see it with
``pytest -s``); how many there are is what the test is about.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.console.up import ADMIN, browsing
from tests.e2e.terminal import Terminal
from tests.ports import block

from watchword.cli.local.ports import choose_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
MOST_STEPS, AIM_SECONDS = 9, 120


class Steps:
    """What the newcomer did, and how long each took."""

    def __init__(self) -> None:
        self._taken: list[tuple[str, float]] = []

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._taken.append((doing, time.perf_counter() - began))

    def __len__(self) -> int:
        return len(self._taken)

    def __str__(self) -> str:
        total = sum(seconds for _, seconds in self._taken)
        lines = [f"{number:2}  {seconds:6.1f} s  {doing}" for number, (doing, seconds) in enumerate(self._taken, 1)]
        return "\n".join(["", *lines, f"    {total:6.1f} s  in all (aim: under {AIM_SECONDS} s)"])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place of the newcomer's own, of which nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="newcomer-") as path:
        yield Path(path)


@pytest.fixture
def wheel(folder: Path) -> Path:
    """The wheel of this checkout, built as a release is."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next((folder / "dist").glob("watchword-*.whl"))


def test_from_pip_install_to_a_protected_endpoint(folder: Path, wheel: Path) -> None:
    steps, environment, place = Steps(), folder / "venv", folder / "hello"
    place.mkdir()
    with ExitStack() as open_things:
        with steps.step("make a virtual environment"):
            Terminal(folder).run(f"{python()} -m venv {environment} || {python()} -m venv --without-pip {environment}")
        with steps.step('pip install "watchword[server]"'):
            install(wheel, environment, constraints=folder / "constraints.txt")

        first, second = Terminal(place, environment), Terminal(place, environment)
        with steps.step("watchword up, in an empty folder"):
            port = block("up") + 12
            up = open_things.enter_context(
                first.running(f"watchword up --no-open --port {port} --demo-port {port + 1}")
            )
            link = up.wait_for(r"Open this link .*\n\s*(http://\S+)\s")
            up.wait_for("Ctrl-C stops everything")

        watched = open_things.enter_context(browsing())
        page = watched.page
        page.on("response", lambda answer: watched.complaints.extend([answer.url] if answer.status >= 400 else []))
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        with steps.step("open the link"):
            page.goto(link)
            expect(page.get_by_role("heading", name="Create the first admin")).to_be_visible()
        with steps.step("fill in the form"):
            for label in ("Email", "Name", "Password"):
                page.get_by_label(label).fill(ADMIN[label.lower()])
            page.get_by_role("button", name="Create admin and sign in").click()
            expect(page.get_by_role("heading", name="Your API just said yes.")).to_be_visible()
            expect(page.get_by_text("200 OK", exact=True)).to_be_visible()

        with steps.step("copy the code, and save it"):
            part = page.get_by_role("listitem").filter(has_text="Save this as")
            name = re.search(r"Save this as (\S+\.py)", part.inner_text())
            assert name is not None
            (place / name[1]).write_text(copied(page, part))
        with steps.step("copy the command, and run it in a second terminal"):
            command, address = free(page, copied(page, page.get_by_role("listitem").filter(has_text="Start it there")))
            api = open_things.enter_context(second.running(command))
            api.wait_for("running on http", seconds=30)
        with steps.step("look at the page again"):
            said = page.get_by_role("status").filter(has_text="Your API is protected.")
            expect(said).to_contain_text(f"200 for {ADMIN['name']} with a token, 401 without.", timeout=20_000)
        with steps.step("copy the two curl commands, and run them"):
            page.get_by_text("Ask it yourself").click()
            asked = copied(page, page.get_by_role("group").filter(has_text="Ask it yourself")).splitlines()
            refused, answered = (ask(Terminal(place, environment), one) for one in asked)

        assert all(address in one for one in asked)
        assert refused[0] == 401
        assert answered[0] == 200
        page.get_by_role("button", name="sub", exact=True).hover()
        expect(page.get_by_text(json.dumps(answered[1]["hello"]))).to_be_visible()
        assert "Traceback" not in up.screen + api.screen
    sys.stdout.write(f"{steps}\n")
    assert len(steps) <= MOST_STEPS


def python() -> str:
    """The Python of the machine, not of this test's environment."""
    return shlex.quote(str(getattr(sys, "_base_executable", sys.executable)))


def install(wheel: Path, environment: Path, *, constraints: Path) -> None:
    """Install the wheel with the releases that are locked, so that it is the same tomorrow.

    A lock with hashes would ask for one of the wheel, which has just been made: the releases alone are kept.
    """
    locked = re.findall(
        r"^[\w.-]+==[^\s;\\]+(?: ;[^\\\n]+)?", (ROOT / "requirements/server.txt").read_text(), re.MULTILINE
    )
    constraints.write_text("\n".join([*locked, ""]))
    # Debian's Python may have no pip to give to an environment: `pip_for` finds another, as scripts/up does.
    script = 'source scripts/environment.bash && base_python="$1" && pip_for "$2" && "${pip[@]}" install -c "$3" "$4"'
    arguments = [str(environment), str(constraints), f"watchword[server] @ {wheel.as_uri()}"]
    command = f"bash -c {shlex.quote(script)} install {python()} {shlex.join(arguments)}"
    try:
        Terminal(ROOT).run(command)
    except AssertionError as error:
        pytest.fail(f"pip could not install watchword[server] from the registry it is configured for: {error}")


def copied(page: Page, part: Locator) -> str:
    """What the Copy button of that part of the page copies."""
    part.get_by_role("button", name="Copy").click()
    expect(part.get_by_role("button", name="Copied")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def free(page: Page, command: str) -> tuple[str, str]:
    """The command, and the address it will answer at; where its port is taken another one in both, as the page says."""
    field = page.get_by_label("Its address")
    port = int(command.rpartition(" ")[2])
    chosen = choose_port(port, hosts=("localhost",), avoid=set())
    address = field.input_value().replace(f":{port}/", f":{chosen}/")
    if chosen != port:
        field.fill(address)
    return re.sub(rf"{port}$", str(chosen), command), address


def ask(terminal: Terminal, command: str) -> tuple[int, dict[str, str]]:
    """Run one of the two commands; its status and its JSON. Where there is no curl, do what it says."""
    if shutil.which("curl") is not None:
        head, _, body = terminal.run(command).replace("\r\n", "\n").partition("\n\n")
        return int(re.findall(r"^HTTP/\S+ (\d+)", head, re.MULTILINE)[0]), json.loads(body[body.index("{") :])
    words = shlex.split(command)
    headers = (
        dict(re.findall(r"^([\w-]+): (.+)$", word)[0] for word in words[words.index("-H") + 1 :])
        if "-H" in words
        else {}
    )
    request = urllib.request.Request(next(word for word in words if word.startswith("http")), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
