"""Django: decorator, middleware and REST framework, over WSGI and over ASGI, by Django's own test clients."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import django
from django.conf import settings

if not settings.configured:
    settings.configure(
        ROOT_URLCONF="tests.frameworks.drivers.django_urls",
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="only for tests",
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        REST_FRAMEWORK={
            "UNAUTHENTICATED_USER": None,
            "EXCEPTION_HANDLER": "watchword.django.rest.exception_handler",
        },
        USE_TZ=True,
    )
    django.setup()

# Django wants its settings before these.
from django.http import HttpResponseBase
from django.test import AsyncClient, Client, override_settings
from tests.frameworks.drivers.http_answer import http_answer
from tests.frameworks.protected_api import (
    ABILITIES,
    HTTP_TELLS,
    OPERATIONS,
    Answer,
    Call,
    Caller,
)


def _joined(call: Call) -> dict[str, str]:
    """Headers as a WSGI server hands them on: those that come twice are joined with a comma."""
    joined: dict[str, str] = {}
    for name, value in call.headers:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _answer(response: HttpResponseBase) -> Answer:
    body = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
    return http_answer(response.status_code, response.items(), body.decode())


class DjangoDriver:
    """`requires` on functions and on classes.

    Args:
        prefix: of the URLs: ``plain`` or ``rest``.
    """

    statuses: ClassVar[dict[int, int]] = {}
    tells = HTTP_TELLS
    can = ABILITIES

    def __init__(self, name: str, prefix: str) -> None:
        self.name = name
        self.target = f"GET /{prefix}/{{}}"
        self._prefix = prefix

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""

        def call(call: Call) -> Answer:
            client = Client(enforce_csrf_checks=True)
            url = f"/{self._prefix}/{call.operation}" + (f"?{call.query}" if call.query else "")
            return _answer(client.get(url, headers=_joined(call)))

        with override_settings(WATCHWORD=options):
            yield call


class DjangoMiddlewareDriver:
    """`ProtectMiddleware`: one stack for each operation, since it protects a whole project.

    Args:
        asynchronous: whether the stack is an ASGI server's.
    """

    statuses: ClassVar[dict[int, int]] = {}
    tells = HTTP_TELLS
    can = ABILITIES

    def __init__(self, *, asynchronous: bool) -> None:
        self.name = "django middleware on " + ("ASGI" if asynchronous else "WSGI")
        self.target = "GET /later/{}" if asynchronous else "GET /bare/{}"
        self._asynchronous = asynchronous

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        clients: dict[str, Any] = {}
        kind = "later" if self._asynchronous else "bare"
        middleware = [*settings.MIDDLEWARE, "watchword.django.ProtectMiddleware"]
        with override_settings(WATCHWORD=options):
            for operation in OPERATIONS:
                needs = {**options, **operation.needs, "conditions": operation.conditions}
                with override_settings(WATCHWORD=needs, MIDDLEWARE=middleware):
                    client: Any = AsyncClient() if self._asynchronous else Client()
                    client.handler.load_middleware(is_async=self._asynchronous)
                    clients[operation.name] = client

            def call(call: Call) -> Answer:
                url = f"/{kind}/{call.operation}" + (f"?{call.query}" if call.query else "")
                asked = clients[call.operation].get(url, headers=_joined(call))
                return _answer(asyncio.run(asked) if self._asynchronous else asked)

            yield call
