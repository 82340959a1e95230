"""Django REST framework: who calls, and what they may do.

class Orders(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [HasScopes]
    required_scopes = ["orders:read"]

    def get(self, request):
        return Response({"orders_of": request.auth.sub})

The setting ``WATCHWORD`` says whose tokens are good, see `watchword.django`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from django.core.exceptions import ImproperlyConfigured

from watchword.django.admission import admit
from watchword.django.settings import protection
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import RequirementError, StepUpError, TokenMissingError, VerificationError
from watchword.verify.protection import Needs, needed
from watchword.verify.requirements import Requirement

try:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.exceptions import APIException
    from rest_framework.permissions import BasePermission
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView
    from rest_framework.views import exception_handler as default_handler
except ImportError as error:
    raise ImportError(
        'watchword.django.rest needs Django REST framework: pip install "watchword[djangorestframework]"'
    ) from error


class GuardRefusal(APIException):
    """A request that is not served; REST framework answers with its status, body and challenge.

    Args:
        cause: why exactly.
        request: which request.
    """

    def __init__(self, cause: VerificationError, request: Request) -> None:
        refusal = protection().refusal(cause)
        super().__init__(detail=dict(refusal.body))
        self.status_code = refusal.status
        self.cause = cause
        headers = dict(refusal.headers)
        # REST framework's own handler of exceptions reads these two names; the rest goes the view's way.
        self.auth_header = headers.pop("WWW-Authenticate", None)
        self.wait = int(headers["Retry-After"]) if "Retry-After" in headers else None
        view: APIView | None = (request.parser_context or {}).get("view")
        if view is not None:
            view.headers.update(headers)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's own handler, which also answers what a view's condition refuses.

    ``REST_FRAMEWORK = {"EXCEPTION_HANDLER": "watchword.django.rest.exception_handler"}``
    """
    if isinstance(exc, RequirementError | StepUpError):
        exc = GuardRefusal(exc, context["request"])
    return default_handler(exc, context)


class TokenUser:
    """Whom a token speaks for, as ``request.user``. No user of Django's own is looked up.

    Args:
        claims: of the token.
    """

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True

    def __init__(self, claims: VerifiedClaims) -> None:
        self.claims = claims

    @property
    def pk(self) -> str:
        """The subject; throttles count by it."""
        return self.claims.sub

    @property
    def username(self) -> str:
        """The subject."""
        return self.claims.sub

    def get_username(self) -> str:
        """The subject."""
        return self.claims.sub

    def __str__(self) -> str:
        return self.claims.sub


class TokenAuthentication(BaseAuthentication):
    """Makes ``request.user`` a `TokenUser` and ``request.auth`` the `VerifiedClaims`.

    A request without a token is left to other classes, and to the permissions, to refuse.
    """

    def authenticate(self, request: Request) -> tuple[TokenUser, VerifiedClaims] | None:
        """See `BaseAuthentication.authenticate`.

        Raises:
            GuardRefusal: the token is not good.
        """
        try:
            claims = admit(protection(), request._request)  # noqa: SLF001  REST framework has no other name for it
        except TokenMissingError:
            return None
        except VerificationError as error:
            raise GuardRefusal(error, request) from error
        return TokenUser(claims), claims

    def authenticate_header(self, request: Request) -> str:
        """The challenge to a request without a token, which makes its status 401."""
        del request
        return dict(protection().refusal(TokenMissingError()).headers)["WWW-Authenticate"]


class HasScopes(BasePermission):
    """The token has every scope in the view's ``required_scopes``."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """See `BasePermission.has_permission`.

        Raises:
            GuardRefusal: a scope is missing; the challenge names all that are needed.
            ImproperlyConfigured: the view has no ``required_scopes``.
        """
        scopes: Sequence[str] | None = getattr(view, "required_scopes", None)
        if scopes is None:
            raise ImproperlyConfigured("a view with HasScopes says required_scopes")
        return _fulfils(request, needed((), {"scopes": scopes}))


def has(*conditions: Requirement, **needs: Unpack[Needs]) -> type[BasePermission]:
    """A permission class: ``permission_classes = [has(roles=["admin"], max_age=300)]``.

    Args:
        conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
        needs: ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age``; nothing: any good token.
    """
    require = needed(conditions, needs)

    class Has(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            del view
            return _fulfils(request, require)

    return Has


def _fulfils(request: Request, require: Sequence[Requirement]) -> bool:
    claims: Any = request.auth
    if not isinstance(claims, VerifiedClaims):
        if request.successful_authenticator is None and _asks_for_token(request):
            raise GuardRefusal(TokenMissingError(), request)
        return False  # REST framework says of what kind the refusal is
    try:
        protection().suffices(claims, require)
    except VerificationError as error:
        raise GuardRefusal(error, request) from error
    return True


def _asks_for_token(request: Request) -> bool:
    return any(isinstance(authenticator, TokenAuthentication) for authenticator in request.authenticators or ())
