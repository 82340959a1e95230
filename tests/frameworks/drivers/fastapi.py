"""FastAPI, driven over ASGI by Starlette's test client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar

from fastapi import FastAPI, Security
from tests.frameworks.drivers.asgi import asgi_caller
from tests.frameworks.protected_api import (
    ABILITIES,
    ANOTHERS_ORDER,
    HTTP_TELLS,
    OPERATIONS,
    Caller,
    is_owner,
)

from watchword.fastapi import Guard
from watchword.verify import VerifiedClaims


def fastapi_app(**options: Any) -> FastAPI:
    """The API."""
    guard = Guard(**options)
    app = FastAPI()
    asked = {operation.name: guard.requires(*operation.conditions, **operation.needs) for operation in OPERATIONS}

    @app.get("/read")
    async def read(caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]) -> dict[str, str]:
        return {"sub": caller.sub}

    @app.get("/write")
    def write(caller: Annotated[VerifiedClaims, Security(asked["write"])]) -> dict[str, str]:
        return {"sub": caller.sub}

    @app.get("/admin")
    async def admin(caller: Annotated[VerifiedClaims, Security(asked["admin"])]) -> dict[str, str]:
        return {"sub": caller.sub}

    @app.get("/recent")
    async def recent(caller: Annotated[VerifiedClaims, Security(asked["recent"])]) -> dict[str, str]:
        return {"sub": caller.sub}

    @app.get("/person")
    async def person(caller: Annotated[VerifiedClaims, Security(asked["person"])]) -> dict[str, str]:
        return {"sub": caller.sub}

    @app.get("/owner")
    def owner(caller: Annotated[VerifiedClaims, Security(guard)]) -> dict[str, str]:
        is_owner(caller, ANOTHERS_ORDER)
        return {"sub": caller.sub}

    return app


class FastAPIDriver:
    """`Guard` as a dependency of each route."""

    name = "fastapi"
    statuses: ClassVar[dict[int, int]] = {}
    tells = HTTP_TELLS
    target = "GET /{}"
    can = ABILITIES

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        with asgi_caller(fastapi_app(**options)) as caller:
            yield caller
