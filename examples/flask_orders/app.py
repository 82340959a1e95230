"""A small orders service on Flask: scopes, a role, and orders that belong to somebody."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, abort, request

from watchword.flask import Guard
from watchword.verify import VerifiedClaims
from watchword.verify.conditions import requires


@dataclass
class Order:
    owner: str
    item: str


guard = Guard()
ORDERS = {1: Order("alice", "a kettle"), 2: Order("bob", "a lamp")}


@requires
def is_owner(claims: VerifiedClaims, order: Order) -> bool:
    return order.owner == claims.sub


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["WATCHWORD"] = {"issuer": "https://auth.example.com", "audience": "https://orders.example.com"}
    guard.init_app(app)

    @app.get("/orders")
    @guard.requires(scopes=["orders:read"])
    def list_own() -> list[dict[str, Any]]:
        return [asdict(order) for order in ORDERS.values() if order.owner == guard.claims.sub]

    @app.get("/orders/<int:number>")
    @guard.requires(scopes=["orders:read"])
    def show(number: int) -> dict[str, Any]:
        if number not in ORDERS:
            abort(404)
        is_owner(guard.claims, ORDERS[number])  # answered with 403 if it is somebody else's
        return asdict(ORDERS[number])

    @app.post("/orders")
    @guard.requires(scopes=["orders:read", "orders:write"])
    def add() -> tuple[dict[str, Any], int]:
        order = ORDERS[len(ORDERS) + 1] = Order(guard.claims.sub, request.form["item"])
        return asdict(order), 201

    @app.get("/all-orders")
    @guard.requires(roles=["admin"])
    def list_all() -> list[dict[str, Any]]:
        return [asdict(order) for order in ORDERS.values()]

    return app
