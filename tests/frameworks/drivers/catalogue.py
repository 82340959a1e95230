"""Every framework that the behaviour suite runs over: one line each."""

import pytest
from tests.frameworks.drivers.asgi import ASGIDriver, StarletteDriver
from tests.frameworks.drivers.aws_lambda import FunctionDriver, HTTPAuthorizerDriver, RESTAuthorizerDriver
from tests.frameworks.drivers.django import DjangoDriver, DjangoMiddlewareDriver
from tests.frameworks.drivers.fastapi import FastAPIDriver
from tests.frameworks.drivers.flask import FlaskDriver
from tests.frameworks.drivers.grpc import AsyncGRPCDriver, GRPCDriver
from tests.frameworks.protected_api import Driver

DRIVERS: tuple[Driver, ...] = (
    ASGIDriver(),
    StarletteDriver(),
    FastAPIDriver(),
    FlaskDriver(),
    DjangoDriver("django", "plain"),
    DjangoDriver("django rest framework", "rest"),
    DjangoMiddlewareDriver(asynchronous=False),
    DjangoMiddlewareDriver(asynchronous=True),
    GRPCDriver(),
    AsyncGRPCDriver(),
    FunctionDriver(1),
    FunctionDriver(2),
    RESTAuthorizerDriver("TOKEN"),
    RESTAuthorizerDriver("REQUEST"),
    HTTPAuthorizerDriver(),
)


def those_that(ability: str) -> pytest.MarkDecorator:
    """Run a test over the frameworks that can do, or tell, this."""
    able = [driver for driver in DRIVERS if ability in driver.can | driver.tells]
    return pytest.mark.parametrize("driver", able, ids=lambda driver: driver.name, indirect=True)
