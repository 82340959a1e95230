"""Django beside what all frameworks do: settings, forged requests, public paths, and REST framework's own ways."""

from typing import Any

import pytest
import tests.frameworks.drivers.django  # noqa: F401  Django's settings come with it
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from tests.frameworks.protected_api import API, protected
from tests.frameworks.tokens import token

from watchword.clock import SettableClock
from watchword.django import ProtectMiddleware, protection, requires
from watchword.django.rest import HasScopes, TokenAuthentication
from watchword.verify import VerifierSettingsError

MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", "watchword.django.ProtectMiddleware"]


def bearer(**changes: Any) -> dict[str, str]:
    return {"Authorization": "Bearer " + token(**changes)}


def test_a_project_without_the_setting_is_told_what_it_needs() -> None:
    with override_settings(WATCHWORD=None), pytest.raises(ImproperlyConfigured, match="WATCHWORD"):
        protection()


def test_a_setting_that_makes_no_sense_is_found_when_the_project_starts() -> None:
    with override_settings(WATCHWORD={"issuer": "", "audience": API}), pytest.raises(VerifierSettingsError):
        ProtectMiddleware(lambda request: HttpResponse())


def test_there_is_one_protection_until_the_setting_changes(clock: SettableClock) -> None:
    """O40: two would remember used proofs apart."""
    with override_settings(WATCHWORD=protected(clock)):
        first = protection()
        assert protection() is first
        with override_settings(WATCHWORD=protected(clock)):
            assert protection() is not first


def test_a_post_with_a_token_needs_no_csrf_token_and_one_without_gets_nothing(clock: SettableClock) -> None:
    with override_settings(WATCHWORD=protected(clock)):
        client = Client(enforce_csrf_checks=True)
        sent = client.post("/plain/write", headers=bearer(scope="orders:read orders:write"))
        assert sent.status_code == 200
        assert client.post("/plain/write").status_code == 401


def test_the_middleware_protects_all_but_what_is_public(clock: SettableClock) -> None:
    options = {**protected(clock), "public": ["/bare/person"], "optional": False}
    with override_settings(WATCHWORD=options, MIDDLEWARE=MIDDLEWARE):
        client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        assert client.get("/bare/read").status_code == 401
        assert client.get("/no-such-page").status_code == 401
        assert client.get("/bare/read", headers=bearer()).json() == {"sub": "user-1"}
        assert client.post("/bare/read", headers=bearer()).status_code == 200
        # The view asks for claims where there are none.
        assert client.get("/bare/person", headers=bearer()).status_code == 500


def test_the_middleware_lets_requests_without_a_token_pass_where_it_is_optional(clock: SettableClock) -> None:
    def tell(request: Any) -> HttpResponse:
        return HttpResponse(str(request.claims and request.claims.sub))

    with override_settings(WATCHWORD={**protected(clock), "optional": True}):
        middleware: Any = ProtectMiddleware(tell)
        get = RequestFactory().get
        assert middleware(get("/")).content == b"None"
        assert middleware(get("/", headers=bearer())).content == b"user-1"
        assert middleware(get("/", headers={"Authorization": "Bearer a.b.c"})).status_code == 401


def test_the_middleware_serves_the_metadata(clock: SettableClock) -> None:
    with override_settings(WATCHWORD={**protected(clock), "metadata": ["orders:read"]}, MIDDLEWARE=MIDDLEWARE):
        answer = Client().get("/.well-known/oauth-protected-resource")
        assert answer.json()["scopes_supported"] == ["orders:read"]
        assert "resource_metadata=" in Client().get("/bare/read").headers["WWW-Authenticate"]


def test_the_decorator_behind_the_middleware_spends_a_proof_once(clock: SettableClock) -> None:
    """O40."""
    from tests.frameworks.tokens import bound, proof

    with override_settings(WATCHWORD=protected(clock), MIDDLEWARE=MIDDLEWARE):
        text = bound()
        headers = {"Authorization": "DPoP " + text, "DPoP": proof(text, "GET /plain/read")}
        assert Client().get("/plain/read", headers=headers).status_code == 200
        assert Client().get("/plain/read", headers=headers).status_code == 401


def test_a_decorator_that_was_not_called_is_found_at_once() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with pytest.raises(TypeError, match="needs its"):
        requires(view)  # type: ignore[arg-type]


class SignedInOtherwise(BaseAuthentication):
    """A way of a project's own."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        return (object(), None) if request.headers.get("X-Session") else None


def rest(**attributes: Any) -> Any:
    """A view of REST framework."""

    class View(APIView):
        def get(self, request: Any) -> Response:
            return Response({"user": str(request.user)})

    for name, value in attributes.items():
        setattr(View, name, value)
    return View.as_view()


def get(view: Any, clock: SettableClock, **headers: str) -> Any:
    with override_settings(WATCHWORD=protected(clock)):
        return view(RequestFactory().get("/", headers=headers))


def test_rest_frameworks_own_permission_gets_the_challenge(clock: SettableClock) -> None:
    view = rest(authentication_classes=[TokenAuthentication], permission_classes=[IsAuthenticated])
    refused = get(view, clock)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, f'Bearer realm="{API}"')
    assert get(view, clock, **bearer()).data == {"user": "user-1"}


def test_somebody_signed_in_otherwise_has_no_scopes(clock: SettableClock) -> None:
    view = rest(
        authentication_classes=[TokenAuthentication, SignedInOtherwise],
        permission_classes=[HasScopes],
        required_scopes=["orders:read"],
    )
    assert get(view, clock, **{"X-Session": "1"}).status_code == 403
    assert get(view, clock).status_code == 401
    assert get(view, clock, **bearer()).status_code == 200


def test_a_view_that_names_no_scopes_is_a_mistake_and_not_open(clock: SettableClock) -> None:
    view = rest(authentication_classes=[TokenAuthentication], permission_classes=[HasScopes])
    with pytest.raises(ImproperlyConfigured):
        get(view, clock, **bearer())
