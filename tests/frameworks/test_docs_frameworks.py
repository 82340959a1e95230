"""The blocks of docs/frameworks.md run as they stand, and protect what they say they protect."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import tests.frameworks.drivers.django  # noqa: F401  Django's settings come with it
from django.test import RequestFactory, override_settings
from starlette.testclient import TestClient

from watchword.verify.testing import FakeIssuer

DOCUMENT = (Path(__file__).parents[2] / "docs/frameworks.md").read_text()
_BLOCK = re.compile(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS: dict[str, str] = dict(_BLOCK.findall(DOCUMENT))
Ask = Callable[[str | None], int]


def headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": "Bearer " + token}


def by_asgi(names: dict[str, Any]) -> Ask:
    return lambda token: TestClient(names["app"]).get("/orders", headers=headers(token)).status_code


def by_flask(names: dict[str, Any]) -> Ask:
    def ask(token: str | None) -> int:
        status: int = names["app"].test_client().get("/orders", headers=headers(token)).status_code
        return status

    return ask


def by_django(names: dict[str, Any]) -> Ask:
    def ask(token: str | None) -> int:
        view = names["orders"] if "orders" in names else names["Orders"].as_view()
        with override_settings(WATCHWORD=names["WATCHWORD"]):
            status: int = view(RequestFactory().get("/orders", headers=headers(token))).status_code
        return status

    return ask


def by_grpc(names: dict[str, Any]) -> Ask:
    handlers: dict[str, Any] = {"List": grpc.unary_unary_rpc_method_handler(names["Orders"]().List)}
    names["server"].add_generic_rpc_handlers((grpc.method_handlers_generic_handler("orders.Orders", handlers),))
    port = names["server"].add_insecure_port("127.0.0.1:0")
    names["server"].start()

    def ask(token: str | None) -> int:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call: Any = channel.unary_unary("/orders.Orders/List")
            try:
                call(b"", metadata=[(name.lower(), value) for name, value in headers(token).items()], timeout=10)
            except grpc.RpcError as error:
                refused: Any = error
                return {grpc.StatusCode.UNAUTHENTICATED: 401, grpc.StatusCode.PERMISSION_DENIED: 403}[refused.code()]
            return 200

    return ask


def by_lambda(names: dict[str, Any]) -> Ask:
    def ask(token: str | None) -> int:
        arn = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/orders"
        event = {"type": "TOKEN", "methodArn": arn, "authorizationToken": headers(token).get("Authorization")}
        try:
            effect = names["authorizer"](event, None)["policyDocument"]["Statement"][0]["Effect"]
        except Exception as error:  # noqa: BLE001  what the gateway does
            verdict = 401 if str(error) == "Unauthorized" else 500
        else:
            verdict = 200 if effect == "Allow" else 403
        answer = names["handler"]({"headers": headers(token), "requestContext": {"http": {"method": "GET"}}}, None)
        assert answer.get("statusCode", 200) == verdict
        return verdict

    return ask


CALLERS: dict[str, Callable[[dict[str, Any]], Ask]] = {
    "Any ASGI application": by_asgi,
    "Starlette": by_asgi,
    "FastAPI": by_asgi,
    "Flask": by_flask,
    "Django": by_django,
    "Django REST framework": by_django,
    "gRPC": by_grpc,
    "AWS Lambda": by_lambda,
}


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer("https://auth.example.com", audience="https://api.example.com") as active:
        yield active


def test_every_block_is_run() -> None:
    assert BLOCKS.keys() == CALLERS.keys()


@pytest.mark.parametrize("heading", CALLERS)
def test_the_block_protects_what_it_says(heading: str, issuer: FakeIssuer) -> None:
    names: dict[str, Any] = {}
    exec(compile(ast.parse(BLOCKS[heading]), f"docs/frameworks.md: {heading}", "exec"), names)
    ask = CALLERS[heading](names)
    try:
        assert ask(issuer.token("alice", scopes=["orders:read"])) == 200
        assert ask(None) == 401
        assert ask(issuer.token("alice", scopes=["orders:read"], audience="https://other.example.com")) == 401
        assert ask(issuer.token("alice", scopes=["other"])) == 403
    finally:
        if "server" in names:
            names["server"].stop(None).wait()


def test_the_table_of_installs_names_what_the_import_errors_name() -> None:
    for module in ("starlette", "fastapi", "flask", "django", "djangorestframework", "grpc"):
        assert f"watchword[{module}]" in DOCUMENT
