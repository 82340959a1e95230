"""The middleware that protects a whole Django project."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from watchword.django.admission import aadmit, admit, response
from watchword.django.settings import MiddlewareSettings, protection
from watchword.verify.errors import RequirementError, StepUpError, TokenMissingError, VerificationError
from watchword.verify.protection import METADATA_CACHE_CONTROL


class ProtectMiddleware:
    """Lets nothing pass without a good token but what the setting ``WATCHWORD`` calls public.

    ``request.claims`` is the `VerifiedClaims`, or None where no token was needed and none came. Stands behind the
    middleware that answers CORS, since a browser asks for permission without a token.

    Args:
        get_response: what comes next.

    Raises:
        ImproperlyConfigured: there is no setting ``WATCHWORD``.
        VerifierSettingsError: an option in it makes no sense.
        ValueError: the audience is no URL, and ``metadata`` is asked for; or a public path is none.
    """

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._protection = protection()
        self._settings = MiddlewareSettings()
        self._metadata_path: str | None = None
        if self._settings.metadata is not False:
            told = self._settings.metadata
            self._metadata: dict[str, Any] = self._protection.metadata(scopes=() if told is True else told)
            self._metadata_path = self._protection.metadata_path
        self._is_asynchronous = iscoroutinefunction(get_response)
        if self._is_asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The response, or an awaitable of it, as the next middleware is."""
        if self._is_asynchronous:
            return self._serve_later(request)
        if self._asks_for_metadata(request):
            return self._metadata_response()
        if self._needs_token(request):
            try:
                admit(self._protection, request, self._settings.require)
            except VerificationError as error:
                if not self._may_pass(error):
                    return response(self._protection.refusal(error))
            else:
                _trust_no_cookies(request)
        following: HttpResponseBase = self._get_response(request)
        return following

    async def _serve_later(self, request: HttpRequest) -> HttpResponseBase:
        if self._asks_for_metadata(request):
            return self._metadata_response()
        if self._needs_token(request):
            try:
                await aadmit(self._protection, request, self._settings.require)
            except VerificationError as error:
                if not self._may_pass(error):
                    return response(self._protection.refusal(error))
            else:
                _trust_no_cookies(request)
        following: HttpResponseBase = await self._get_response(request)
        return following

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer what a view's own condition refuses."""
        del request
        if isinstance(exception, RequirementError | StepUpError):
            return response(self._protection.refusal(exception))
        return None

    def _needs_token(self, request: HttpRequest) -> bool:
        request.claims = None  # type: ignore[attr-defined]  # what the view reads
        return request.path_info not in self._settings.public

    def _may_pass(self, error: VerificationError) -> bool:
        return self._settings.optional and isinstance(error, TokenMissingError)

    def _asks_for_metadata(self, request: HttpRequest) -> bool:
        return request.path == self._metadata_path and request.method in {"GET", "HEAD"}

    def _metadata_response(self) -> JsonResponse:
        return JsonResponse(self._metadata, headers={"Cache-Control": METADATA_CACHE_CONTROL})


def _trust_no_cookies(request: HttpRequest) -> None:
    """Django's check for forged requests is for cookies; no other site can make a browser send a token."""
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # noqa: SLF001  Django reads it
