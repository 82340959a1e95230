"""A second protected API in the same house: the same issuer, another audience, so no token for the orders is good."""

from typing import Annotated

from fastapi import APIRouter, Security

from watchword.demo.told_guard import ToldGuard
from watchword.verify import VerifiedClaims

PATH = "/payroll"


def payroll_api(guard: ToldGuard) -> APIRouter:
    """The one route."""
    router = APIRouter(prefix=PATH, tags=["payroll"])

    @router.get("")
    async def read_payroll(caller: Annotated[VerifiedClaims, Security(guard, scopes=[])]) -> dict[str, str]:
        return {"salary_of": caller.sub}

    return router
