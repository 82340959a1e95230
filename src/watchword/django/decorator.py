"""The decorator for Django's views."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, Unpack, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from watchword.django.admission import aadmit, admit, response
from watchword.django.settings import protection
from watchword.verify.errors import RequirementError, StepUpError, VerificationError
from watchword.verify.protection import Needs, needed
from watchword.verify.requirements import Requirement

View = TypeVar("View", bound=Callable[..., Any])


def requires(*conditions: Requirement, **needs: Unpack[Needs]) -> Callable[[View], View]:
    """A decorator for views, synchronous or not; ``request.claims`` says whom the token speaks for.

    For a class: ``@method_decorator(requires(scopes=["orders:read"]), name="dispatch")``, or a name such as ``"get"``.
    Django's own protection against forged requests is switched off for the view: it is for cookies, and no other site
    can make a browser send a token.

    Args:
        conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
        needs: ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age``; nothing: any good token.
    """
    require = needed(conditions, needs)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                admit(protection(), request, require)
            except VerificationError as error:
                return response(protection().refusal(error))
            try:
                return view(request, *args, **kwargs)
            except (RequirementError, StepUpError) as error:
                return response(protection().refusal(error))

        @functools.wraps(view)
        async def guarded_later(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                await aadmit(protection(), request, require)
            except VerificationError as error:
                return response(protection().refusal(error))
            try:
                return await view(request, *args, **kwargs)
            except (RequirementError, StepUpError) as error:
                return response(protection().refusal(error))

        chosen: Any = guarded_later if iscoroutinefunction(view) else guarded
        chosen.csrf_exempt = True
        return cast("View", chosen)

    return decorate
