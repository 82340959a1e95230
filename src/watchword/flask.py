"""Protect a Flask application.

guard = Guard(app, issuer="https://auth.example.com", audience="https://api.example.com")

@app.get("/orders")
@guard.requires(scopes=["orders:read"])
def orders():
    return {"orders_of": guard.claims.sub}
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, Unpack, cast

from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import RequirementError, StepUpError, VerificationError
from watchword.verify.protection import (
    METADATA_CACHE_CONTROL,
    Needs,
    Protection,
    ProtectionOptions,
    Refusal,
    needed,
)
from watchword.verify.requirements import Requirement
from watchword.verify.wsgi_environ import admit

try:
    from flask import Flask, Response, current_app, g, jsonify, request
    from werkzeug.exceptions import HTTPException
except ImportError as error:
    raise ImportError('watchword.flask needs Flask: pip install "watchword[flask]"') from error

View = TypeVar("View", bound=Callable[..., Any])
_EXTENSION = "watchword"


class GuardRefusal(HTTPException):
    """A request that is not served. Register an error handler for it to answer in another form.

    Args:
        refusal: the answer; its ``cause`` says why exactly.
    """

    def __init__(self, refusal: Refusal) -> None:
        response = jsonify(dict(refusal.body))
        response.status_code = refusal.status
        response.headers.extend(refusal.headers)
        super().__init__(refusal.body["error_description"], response)
        self.code = refusal.status
        self.refusal = refusal


class Guard:
    """Lets requests pass only with an access token that is good for them.

    Options may also stand in the application's configuration, as a dictionary ``WATCHWORD``; those given here win.

    Args:
        app: the application; without one, call `init_app`.
        metadata: answer at the well-known path who issues tokens for this API (RFC 9728); a list names the scopes
            that clients may ask for.
        options: ``issuer`` and ``audience`` at least, see `ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: the audience cannot stand in a header, or is no URL and ``metadata`` is asked for.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        metadata: bool | Sequence[str] = False,
        **options: Unpack[ProtectionOptions],
    ) -> None:
        self._metadata = metadata
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Use this guard in ``app``; errors are those of the constructor."""
        options = cast("ProtectionOptions", {**app.config.get("WATCHWORD", {}), **self._options})
        protection = Protection(**options)
        guards = app.extensions.setdefault(_EXTENSION, {})
        guards[self] = protection
        if self._metadata is not False:
            document = protection.metadata(scopes=() if self._metadata is True else self._metadata)

            def protected_resource_metadata() -> Response:
                response = jsonify(document)
                response.headers["Cache-Control"] = METADATA_CACHE_CONTROL
                return response

            name = f"watchword_metadata_{len(guards)}"
            app.add_url_rule(protection.metadata_path, name, protected_resource_metadata)

    @property
    def protection(self) -> Protection:
        """What protects the current application.

        Raises:
            RuntimeError: `init_app` was not called with it.
        """
        try:
            protection: Protection = current_app.extensions[_EXTENSION][self]
        except KeyError:
            raise RuntimeError("the guard does not know this application: call init_app") from None
        return protection

    @property
    def claims(self) -> VerifiedClaims:
        """Whom the current request's token speaks for.

        Raises:
            RuntimeError: this guard has not let the request pass.
        """
        admitted: dict[Guard, VerifiedClaims] = g.get("_watchword_claims", {})
        if self not in admitted:
            raise RuntimeError("there are no claims: the view is not guarded")
        return admitted[self]

    def requires(self, *conditions: Requirement, **needs: Unpack[Needs]) -> Callable[[View], View]:
        """A decorator for views, synchronous or not; it stands below the route's own. See `claims`.

        Args:
            conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
            needs: ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age``; nothing: any good token.
        """
        require = needed(conditions, needs)

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                self._admit(require)
                try:
                    return current_app.ensure_sync(view)(*args, **kwargs)
                except (RequirementError, StepUpError) as error:
                    raise GuardRefusal(self.protection.refusal(error)) from error

            return cast("View", guarded)

        return decorate

    def check(self, *conditions: Requirement, **needs: Unpack[Needs]) -> None:
        """Refuse the current request unless its token is good for this; for `before_request` of a whole blueprint.

        Raises:
            GuardRefusal: it is not.
        """
        self._admit(needed(conditions, needs))

    def _admit(self, require: Sequence[Requirement]) -> None:
        protection = self.protection
        try:
            claims = admit(protection, request.environ, require)
        except VerificationError as error:
            raise GuardRefusal(protection.refusal(error)) from error
        if "_watchword_claims" not in g:
            g._watchword_claims = {}  # noqa: SLF001  `g` is a namespace, and the name is ours
        g._watchword_claims[self] = claims  # noqa: SLF001  the same
