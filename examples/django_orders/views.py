"""The views: a plain one with a decorator, and two of Django REST framework."""

from dataclasses import asdict, dataclass
from typing import Any

from django.http import Http404, JsonResponse
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from watchword.django import requires as guarded
from watchword.django.rest import TokenAuthentication, has
from watchword.verify import VerifiedClaims
from watchword.verify.conditions import requires


@dataclass
class Order:
    owner: str
    item: str


ORDERS = {1: Order("alice", "a kettle"), 2: Order("bob", "a lamp")}


@requires
def is_owner(claims: VerifiedClaims, order: Order) -> bool:
    return order.owner == claims.sub


@guarded(scopes=["orders:read"])
def show(request: Any, number: int) -> JsonResponse:
    if number not in ORDERS:
        raise Http404
    is_owner(request.claims, ORDERS[number])  # answered with 403 if it is somebody else's
    return JsonResponse(asdict(ORDERS[number]))


class Orders(APIView):
    authentication_classes = [TokenAuthentication]

    def get_permissions(self) -> list[BasePermission]:
        needed = ["orders:read", "orders:write"] if self.request.method == "POST" else ["orders:read"]
        return [has(scopes=needed)()]

    def get(self, request: Request) -> Response:
        return Response([asdict(order) for order in ORDERS.values() if order.owner == request.auth.sub])

    def post(self, request: Request) -> Response:
        order = ORDERS[len(ORDERS) + 1] = Order(request.auth.sub, request.data["item"])
        return Response(asdict(order), status=201)


class AllOrders(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [has(roles=["admin"])]

    def get(self, request: Request) -> Response:
        return Response([asdict(order) for order in ORDERS.values()])
