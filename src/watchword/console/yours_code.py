"""The newcomer's own API, whole, in each framework: this issuer and its audience are in the code already."""

from dataclasses import dataclass

PATH = "/hello"
PORT = 8500


@dataclass(frozen=True, slots=True)
class Code:
    """One way to write it.

    Args:
        name: in links.
        label: the framework.
        install: what has to be installed besides ``watchword[server]``; empty if nothing.
        command: starts it.
        template: the file ``hello.py``; ``{issuer}``, ``{audience}`` and ``{scope}`` become text literals of Python.
    """

    name: str
    label: str
    install: str
    command: str
    template: str

    def text(self, *, issuer: str, audience: str, scope: str) -> str:
        """The file ``hello.py``."""
        return (
            self.template.replace("{issuer}", _literal(issuer))
            .replace("{audience}", _literal(audience))
            .replace("{scope}", _literal(scope))
        )


def _literal(text: str) -> str:
    """``text`` in double quotes, as Python and its formatters write it."""
    escaped = text.encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return f'"{escaped}"'


FASTAPI = Code(
    name="fastapi",
    label="FastAPI",
    install="",
    command=f"python -m uvicorn hello:app --port {PORT}",
    template="""\
from typing import Annotated

from fastapi import FastAPI, Security
from watchword.fastapi import Guard
from watchword.verify import VerifiedClaims

app = FastAPI()
guard = Guard(issuer={issuer}, audience={audience})


@app.get("/hello")
def hello(caller: Annotated[VerifiedClaims, Security(guard, scopes=[{scope}])]) -> dict[str, str]:
    return {"hello": caller.sub}
""",
)
FLASK = Code(
    name="flask",
    label="Flask",
    install='pip install "watchword[flask]"',
    command=f"python -m flask --app hello run --port {PORT}",
    template="""\
from flask import Flask
from watchword.flask import Guard

app = Flask(__name__)
guard = Guard(app, issuer={issuer}, audience={audience})


@app.get("/hello")
@guard.requires(scopes=[{scope}])
def hello() -> dict[str, str]:
    return {"hello": guard.claims.sub}
""",
)
DJANGO = Code(
    name="django",
    label="Django",
    install='pip install "watchword[django]"',
    command="python hello.py",
    template=f"""\
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    WATCHWORD={{"issuer": {{issuer}}, "audience": {{audience}}}},
)

from watchword.django import requires  # reads the settings


@requires(scopes=[{{scope}}])
def hello(request: HttpRequest) -> JsonResponse:
    return JsonResponse({{"hello": request.claims.sub}})


urlpatterns = [path("hello", hello)]

if __name__ == "__main__":
    execute_from_command_line(["hello.py", "runserver", "--noreload", "{PORT}"])
""",
)
CODES: tuple[Code, ...] = (FASTAPI, FLASK, DJANGO)


def by_name(name: str | None) -> Code:
    """The way that is called so; FastAPI's if none is."""
    return next((code for code in CODES if code.name == name), FASTAPI)
