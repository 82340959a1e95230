"""Every framework that the behaviour suite runs over: one line each."""

from tests.frameworks.drivers.asgi import ASGIDriver, StarletteDriver
from tests.frameworks.protected_api import Driver

DRIVERS: tuple[Driver, ...] = (
    ASGIDriver(),
    StarletteDriver(),
)
