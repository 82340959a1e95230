"""AWS Lambda: events of the shapes that its documentation shows, and what a gateway makes of what comes back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import parse_qsl

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

from watchword.aws_lambda import Guard, UnauthorizedError
from watchword.verify import VerificationError

STAGE = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod"


def event_v1(call: Call) -> dict[str, Any]:
    """The form of REST APIs and load balancers (payload format 1.0)."""
    several: dict[str, list[str]] = {}
    for name, value in call.headers:
        several.setdefault(name, []).append(value)
    query = parse_qsl(call.query, keep_blank_values=True)
    return {
        "resource": "/" + call.operation,
        "path": "/" + call.operation,
        "httpMethod": "GET",
        "headers": {name: values[-1] for name, values in several.items()} or None,
        "multiValueHeaders": several or None,
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query} or None,
        "requestContext": {"httpMethod": "GET", "path": f"/prod/{call.operation}", "stage": "prod", "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }


def event_v2(call: Call) -> dict[str, Any]:
    """The form of HTTP APIs and function URLs (payload format 2.0)."""
    joined: dict[str, str] = {}
    for name, value in call.headers:
        lower = name.lower()
        joined[lower] = f"{joined[lower]},{value}" if lower in joined else value
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/" + call.operation,
        "rawQueryString": call.query,
        "headers": joined,
        "requestContext": {
            "http": {"method": "GET", "path": "/" + call.operation, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if call.query:
        event["queryStringParameters"] = dict(parse_qsl(call.query, keep_blank_values=True))
    return event


class FunctionDriver:
    """`Guard.requires` on a function.

    Args:
        version: the payload format, 1 or 2.
    """

    statuses: ClassVar[dict[int, int]] = {}
    tells = HTTP_TELLS
    can = ABILITIES

    def __init__(self, version: int) -> None:
        self.name = f"lambda function, payload {version}.0"
        self.target = "GET /prod/{}" if version == 1 else "GET /{}"
        self._event = event_v1 if version == 1 else event_v2

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        guard = Guard(**options)

        def tell(event: dict[str, Any], context: Any) -> dict[str, Any]:
            if event["handled"] == "owner":
                is_owner(event["claims"], ANOTHERS_ORDER)
            body = json.dumps({"sub": event["claims"].sub})
            return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}

        handlers = {
            operation.name: guard.requires(*operation.conditions, **operation.needs)(tell) for operation in OPERATIONS
        }

        def call(call: Call) -> Answer:
            answer = handlers[call.operation]({**self._event(call), "handled": call.operation}, None)
            return http_answer(answer["statusCode"], answer["headers"].items(), answer["body"])

        yield call


class RESTAuthorizerDriver:
    """`Guard.rest_authorizer`, and the gateway's part: a policy or an exception becomes a status.

    Args:
        kind: TOKEN or REQUEST.
    """

    statuses: ClassVar[dict[int, int]] = {400: 401, 503: 500}
    target = "GET /prod/{}"
    tells: frozenset[str] = frozenset()

    def __init__(self, kind: str) -> None:
        self.name = f"lambda REST authorizer, {kind}"
        self._kind = kind
        self.can = frozenset({"query", "two headers", "dpop"}) if kind == "REQUEST" else frozenset()

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        guard = Guard(**options)
        handlers = {
            operation.name: guard.rest_authorizer(*operation.conditions, **operation.needs) for operation in OPERATIONS
        }

        def call(call: Call) -> Answer:
            arn = f"{STAGE}/GET/{call.operation}"
            event = {"type": self._kind, "methodArn": arn}
            if self._kind == "REQUEST":
                event |= event_v1(call)
            elif call.headers:
                event["authorizationToken"] = call.headers[0][1]
            try:
                answer = handlers[call.operation](event, None)
            except (UnauthorizedError, VerificationError) as error:
                # The gateway sees nothing but the text.
                return Answer(401 if str(error) == "Unauthorized" else 500, everything=str(error))
            [statement] = answer["policyDocument"]["Statement"]
            assert statement["Resource"] == f"{STAGE}/*"
            if statement["Effect"] == "Deny":
                return Answer(403, everything=json.dumps(answer))
            return Answer(200, body={"sub": answer["context"]["sub"]}, everything=json.dumps(answer))

        yield call


class HTTPAuthorizerDriver:
    """`Guard.http_authorizer`, and the gateway's part."""

    name = "lambda HTTP authorizer"
    statuses: ClassVar[dict[int, int]] = {400: 403, 401: 403, 503: 500}
    tells: frozenset[str] = frozenset()
    target = "GET /{}"
    can = frozenset({"query", "two headers", "dpop"})

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        guard = Guard(**options)
        handlers = {
            operation.name: guard.http_authorizer(*operation.conditions, **operation.needs) for operation in OPERATIONS
        }

        def call(call: Call) -> Answer:
            event = {**event_v2(call), "type": "REQUEST", "routeArn": f"{STAGE}/GET/{call.operation}"}
            try:
                answer = handlers[call.operation](event, None)
            except VerificationError as error:
                return Answer(500, everything=str(error))
            if not answer["isAuthorized"]:
                return Answer(403, everything=json.dumps(answer))
            return Answer(200, body={"sub": answer["context"]["sub"]}, everything=json.dumps(answer))

        yield call
