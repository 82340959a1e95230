"""A protected API, as you would write your own: the orders of a coffee bar.

Three lines protect it. The guard verifies the access token of every request against the issuer's published keys, here
in this process; `Security(guard, scopes=[...])` says what a route demands; and what the route is handed,
`VerifiedClaims`, could not have been made in any other way.
"""

from collections.abc import Sequence
from itertools import count
from typing import Annotated

from fastapi import APIRouter, HTTPException, Security
from pydantic import BaseModel, Field

from watchword.fastapi import Guard
from watchword.verify import VerifiedClaims

SCOPES = ("orders:read", "orders:write")
_MAX_ORDERS = 500


class NewOrder(BaseModel):
    item: Annotated[str, Field(min_length=1, max_length=80)]


class Order(BaseModel):
    id: int
    item: str
    placed_by: str


def orders_api(guard: Guard) -> APIRouter:
    """The routes, with an order book in memory."""
    numbers = count(1)
    book: dict[int, Order] = {}
    router = APIRouter(prefix="/orders", tags=["orders"])
    admin_guard = guard.requires(roles=["admin"])

    def write(item: str, placed_by: str) -> Order:
        order = Order(id=next(numbers), item=item, placed_by=placed_by)
        book[order.id] = order
        if len(book) > _MAX_ORDERS:
            del book[min(book)]
        return order

    @router.get("")
    async def read_orders(
        caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])],
    ) -> Sequence[Order]:
        del caller  # that the token carries orders:read is enough
        return list(book.values())

    @router.post("", status_code=201)
    async def place_order(
        new: NewOrder, caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:write"])]
    ) -> Order:
        return write(new.item, placed_by=caller.sub)

    @router.delete("/{order_id}", status_code=204)
    async def cancel_order(
        order_id: int, caller: Annotated[VerifiedClaims, Security(admin_guard, scopes=["orders:write"])]
    ) -> None:
        del caller  # any administrator may
        if book.pop(order_id, None) is None:
            raise HTTPException(404, "there is no such order")

    write("a flat white", placed_by="the house")
    write("two espressi and a glass of water", placed_by="the house")
    return router
