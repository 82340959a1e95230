"""Flask, driven over WSGI by its own test client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from flask import Flask
from tests.frameworks.drivers.http_answer import http_answer
from tests.frameworks.protected_api import (
    ABILITIES,
    ANOTHERS_ORDER,
    HTTP_TELLS,
    OPERATIONS,
    Answer,
    Call,
    Caller,
    is_owner,
)

from watchword.flask import Guard


def flask_app(**options: Any) -> Flask:
    """The API."""
    app = Flask("orders")
    guard = Guard(app, **options)
    asked = {operation.name: guard.requires(*operation.conditions, **operation.needs) for operation in OPERATIONS}

    def sub() -> dict[str, str]:
        return {"sub": guard.claims.sub}

    async def sub_later() -> dict[str, str]:
        return {"sub": guard.claims.sub}

    def owner() -> dict[str, str]:
        is_owner(guard.claims, ANOTHERS_ORDER)
        return {"sub": guard.claims.sub}

    views = dict.fromkeys(asked, sub) | {"owner": owner}
    for name, decorate in asked.items():
        # asgiref is there for asynchronous views; one operation proves them.
        view = decorate(sub_later) if name == "admin" else decorate(views[name])
        app.add_url_rule("/" + name, name, view)
    return app


class FlaskDriver:
    """`Guard.requires` on views."""

    name = "flask"
    statuses: ClassVar[dict[int, int]] = {}
    tells = HTTP_TELLS
    target = "GET /{}"
    can = ABILITIES

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        app = flask_app(**options)

        def call(call: Call) -> Answer:
            # Servers join headers that come twice with a comma; a client of werkzeug's would let the last one win.
            joined: dict[str, str] = {}
            for name, value in call.headers:
                joined[name] = f"{joined[name]},{value}" if name in joined else value
            answer = app.test_client().get("/" + call.operation, headers=joined, query_string=call.query)
            return http_answer(answer.status_code, answer.headers.items(), answer.text)

        yield call
