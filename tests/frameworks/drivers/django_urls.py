"""The API as Django's views."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.response import Response
from rest_framework.views import APIView
from tests.frameworks.protected_api import ANOTHERS_ORDER, OPERATIONS, is_owner

from watchword.django import requires
from watchword.django.rest import HasScopes, TokenAuthentication, has

NEEDS = {operation.name: operation for operation in OPERATIONS}
ASKED = {operation.name: requires(*operation.conditions, **operation.needs) for operation in OPERATIONS}


def bare(request: Any) -> JsonResponse:
    return JsonResponse({"sub": request.claims.sub})


async def bare_later(request: Any) -> JsonResponse:
    return JsonResponse({"sub": request.claims.sub})


def owner(request: Any) -> JsonResponse:
    is_owner(request.claims, ANOTHERS_ORDER)
    return JsonResponse({"sub": request.claims.sub})


async def owner_later(request: Any) -> JsonResponse:
    return owner(request)


@method_decorator(ASKED["write"], name="dispatch")
class Write(View):
    def get(self, request: HttpRequest) -> JsonResponse:
        return bare(request)

    def post(self, request: HttpRequest) -> JsonResponse:
        return bare(request)


class Admin(View):
    @method_decorator(ASKED["admin"])
    async def get(self, request: HttpRequest) -> JsonResponse:
        return bare(request)


def rest_view(name: str) -> Any:
    """One operation as a view of REST framework."""

    class Operation(APIView):
        authentication_classes = (TokenAuthentication,)
        permission_classes = (
            [HasScopes] if name in {"read", "write"} else [has(*NEEDS[name].conditions, **NEEDS[name].needs)]
        )
        required_scopes = NEEDS[name].needs.get("scopes")

        def get(self, request: Any) -> Response:
            if name == "owner":
                is_owner(request.user.claims, ANOTHERS_ORDER)
            return Response({"sub": request.auth.sub})

    return Operation.as_view()


urlpatterns = [
    path("plain/read", ASKED["read"](bare)),
    path("plain/write", Write.as_view()),
    path("plain/admin", Admin.as_view()),
    path("plain/recent", ASKED["recent"](bare_later)),
    path("plain/person", ASKED["person"](bare)),
    path("plain/owner", ASKED["owner"](owner)),
    *(path(f"bare/{name}", owner if name == "owner" else bare) for name in NEEDS),
    *(path(f"later/{name}", owner_later if name == "owner" else bare_later) for name in NEEDS),
    *(path(f"rest/{name}", rest_view(name)) for name in NEEDS),
]
