"""The interceptor for gRPC servers that run methods in threads."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, Unpack

import grpc

from watchword.clock import SystemClock
from watchword.grpc.calls import Asked, MethodRules, Unlisted, present, remember, verdict
from watchword.grpc.open_streams import OpenStreams
from watchword.verify.errors import RequirementError, StepUpError, VerificationError
from watchword.verify.open_connection import DEFAULT_EVERY, OpenConnection
from watchword.verify.protection import Protection, ProtectionOptions
from watchword.verify.requirements import Requirement

# Between two looks time passes as it does for those who wait, whatever the verifier's clock says.
_CLOCK = SystemClock()


class BlockingGuard:
    """Stands before methods that block, in either kind of server.

    Args:
        protection: whose tokens are good.
        every: seconds between two looks at the token of an open stream.
    """

    def __init__(self, protection: Protection, every: float) -> None:
        self._protection = protection
        self._every = every
        self._streams = OpenStreams()

    def wrap(self, handler: Any, method: str, require: Sequence[Requirement]) -> Any:
        """``handler``, which is reached only with a token that is good for ``method``."""

        def opened(context: Any) -> OpenConnection:
            try:
                presented = present(self._protection, method, context)
                claims = self._protection.admit(presented, require)
            except VerificationError as error:
                self._abort(context, error)
            remember(claims)
            return OpenConnection(self._protection, presented, claims, require, every=self._every)

        def unary_unary(request: Any, context: Any) -> Any:
            opened(context)
            return self._answered(context, lambda: handler.unary_unary(request, context))

        def unary_stream(request: Any, context: Any) -> Iterator[Any]:
            connection = self._watched(opened(context), context)
            yield from self._streamed(connection, context, lambda: handler.unary_stream(request, context))

        def stream_unary(requests: Iterator[Any], context: Any) -> Any:
            connection = self._watched(opened(context), context)
            arriving = self._checked(connection, context, requests)
            return self._answered(context, lambda: handler.stream_unary(arriving, context))

        def stream_stream(requests: Iterator[Any], context: Any) -> Iterator[Any]:
            connection = self._watched(opened(context), context)
            arriving = self._checked(connection, context, requests)
            yield from self._streamed(connection, context, lambda: handler.stream_stream(arriving, context))

        return rewrap(handler, unary_unary, unary_stream, stream_unary, stream_stream)

    def _watched(self, connection: OpenConnection, context: Any) -> OpenConnection:
        # Where a server cannot end a call from outside, the next message ends it.
        cancel = getattr(context, "cancel", None)
        if cancel is not None:
            self._streams.add(connection, cancel)
            if not context.add_callback(lambda: self._streams.remove(connection)):
                self._streams.remove(connection)
        return connection

    def _checked(self, connection: OpenConnection, context: Any, messages: Iterable[Any]) -> Iterator[Any]:
        look_at = _CLOCK.monotonic() + connection.pause
        for message in messages:
            # A look costs little unless the issuer is asked: then not for every message.
            has_ended = self._protection.now() >= connection.claims.expires_at
            if has_ended or not connection.asks_issuer or _CLOCK.monotonic() >= look_at:
                try:
                    connection.check()
                except VerificationError as error:
                    self._abort(context, error)
                look_at = _CLOCK.monotonic() + connection.pause
            yield message

    def _streamed(self, connection: OpenConnection, context: Any, method: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        try:
            yield from self._checked(connection, context, method())
        except (RequirementError, StepUpError) as error:
            self._abort(context, error)

    def _answered(self, context: Any, method: Callable[[], Any]) -> Any:
        try:
            return method()
        except (RequirementError, StepUpError) as error:
            self._abort(context, error)

    def _abort(self, context: Any, error: VerificationError) -> NoReturn:
        code, details, told = verdict(self._protection.refusal(error))
        context.set_trailing_metadata(told)
        context.abort(code, details)
        raise AssertionError  # abort raises


class ProtectInterceptor(grpc.ServerInterceptor):
    """Lets a call pass only with an access token, in the metadata ``authorization``, that is good for its method.

    A refusal is UNAUTHENTICATED, PERMISSION_DENIED or UNAVAILABLE, with ``www-authenticate`` among the trailing
    metadata. A stream ends when its token does: at its next message with the same status, or CANCELLED while idle.

    Args:
        methods: what each method asks for: scopes, or requirements, by ``/package.Service/Method`` or
            ``/package.Service/*``. Without it every method takes any good token.
        public: methods that need no token.
        unlisted: what becomes of methods that ``methods`` does not list: ``refuse`` (default), or ``accept`` any good
            token.
        every: seconds between two looks at the token of an open stream.
        options: ``issuer`` and ``audience`` at least, see `ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: a method's name does not have that form, or the audience cannot stand in a header.
    """

    def __init__(
        self,
        *,
        methods: Mapping[str, Asked] | None = None,
        public: Iterable[str] = (),
        unlisted: Unlisted = "refuse",
        every: float = DEFAULT_EVERY,
        **options: Unpack[ProtectionOptions],
    ) -> None:
        self._rules = MethodRules(methods, public, unlisted)
        self._guard = BlockingGuard(Protection(**options), every)

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """See `grpc.ServerInterceptor`. Nothing is verified in this thread, which serves all calls."""
        handler = continuation(handler_call_details)
        method: str = handler_call_details.method
        require = self._rules.require(method)
        if handler is None or require is None:
            return handler
        return self._guard.wrap(handler, method, require)


def rewrap(handler: Any, unary_unary: Any, unary_stream: Any, stream_unary: Any, stream_stream: Any) -> Any:
    """A handler like ``handler`` with the behaviour, of these four, that is of its kind."""
    make, behaviour = {
        (False, False): (grpc.unary_unary_rpc_method_handler, unary_unary),
        (False, True): (grpc.unary_stream_rpc_method_handler, unary_stream),
        (True, False): (grpc.stream_unary_rpc_method_handler, stream_unary),
        (True, True): (grpc.stream_stream_rpc_method_handler, stream_stream),
    }[bool(handler.request_streaming), bool(handler.response_streaming)]
    return make(behaviour, handler.request_deserializer, handler.response_serializer)
