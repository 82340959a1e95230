"""The setting ``WATCHWORD`` and the one protection that is made of it."""

import threading
from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from watchword.verify.protection import Needs, Protection, ProtectionOptions, needed
from watchword.verify.public_paths import PublicPaths
from watchword.verify.requirements import Requirement

_FOR_REQUIREMENTS = ("scopes", "roles", "acr_values", "amr", "max_age")
_FOR_THE_MIDDLEWARE = (*_FOR_REQUIREMENTS, "conditions", "public", "optional", "metadata")
_lock = threading.Lock()
_made: Protection | None = None


def protection() -> Protection:
    """The project's protection, made when it is first needed.

    Raises:
        ImproperlyConfigured: there is no setting ``WATCHWORD``.
        VerifierSettingsError: an option in it makes no sense.
    """
    global _made  # noqa: PLW0603  a Django project has one settings module in each process, and so one protection
    made = _made
    if made is None:
        # Two would remember used proofs apart from each other.
        with _lock:
            made = _made
            if made is None:
                given = _given()
                options = {name: value for name, value in given.items() if name not in _FOR_THE_MIDDLEWARE}
                made = _made = Protection(**cast("ProtectionOptions", options))
    return made


class MiddlewareSettings:
    """What ``WATCHWORD`` says to the middleware, beside the options of `ProtectionOptions`.

    ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age`` and ``conditions``: needed by every request.
    ``public``: paths that anybody may ask for, such as ``/healthz`` or ``/static/*``. ``optional``: let requests
    without a token pass. ``metadata``: answer who issues tokens for this API, True or a list of scopes.
    """

    require: tuple[Requirement, ...]
    public: PublicPaths
    optional: bool
    metadata: bool | Sequence[str]

    def __init__(self) -> None:
        given = _given()
        needs = {name: given[name] for name in _FOR_REQUIREMENTS if name in given}
        self.require = needed(given.get("conditions", ()), cast("Needs", needs))
        self.public = PublicPaths(given.get("public", ()))
        self.optional = bool(given.get("optional", False))
        self.metadata = given.get("metadata", False)


def _given() -> dict[str, Any]:
    given = getattr(settings, "WATCHWORD", None)
    if not isinstance(given, dict):
        raise ImproperlyConfigured('settings need WATCHWORD = {"issuer": "https://…", "audience": "https://…"}')
    return given


def _forget(*, setting: str, **rest: object) -> None:
    """Tests change settings as they go."""
    del rest
    global _made  # noqa: PLW0603  see `protection`
    if setting == "WATCHWORD":
        _made = None


setting_changed.connect(_forget, dispatch_uid="watchword.django.settings")
