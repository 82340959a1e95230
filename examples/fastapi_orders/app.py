"""A small orders service on FastAPI: scopes, a role, and orders that belong to somebody."""

from typing import Annotated

from fastapi import FastAPI, HTTPException, Security
from pydantic import BaseModel

from watchword.fastapi import Guard
from watchword.verify import VerifiedClaims
from watchword.verify.conditions import requires

app = FastAPI()
guard = Guard(issuer="https://auth.example.com", audience="https://orders.example.com")
Reader = Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]
Writer = Annotated[VerifiedClaims, Security(guard, scopes=["orders:read", "orders:write"])]
Admin = Annotated[VerifiedClaims, Security(guard.requires(roles=["admin"]))]


class Order(BaseModel):
    owner: str
    item: str


ORDERS = {1: Order(owner="alice", item="a kettle"), 2: Order(owner="bob", item="a lamp")}


@requires
def is_owner(claims: VerifiedClaims, order: Order) -> bool:
    return order.owner == claims.sub


@app.get("/orders")
def list_own(caller: Reader) -> list[Order]:
    return [order for order in ORDERS.values() if order.owner == caller.sub]


@app.get("/orders/{number}")
def show(number: int, caller: Reader) -> Order:
    if number not in ORDERS:
        raise HTTPException(404)
    is_owner(caller, ORDERS[number])  # answered with 403 if it is somebody else's
    return ORDERS[number]


@app.post("/orders", status_code=201)
def add(item: str, caller: Writer) -> Order:
    order = ORDERS[len(ORDERS) + 1] = Order(owner=caller.sub, item=item)
    return order


@app.get("/all-orders")
def list_all(caller: Admin) -> list[Order]:
    return list(ORDERS.values())
