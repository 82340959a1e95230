"""The interceptor for gRPC servers on asyncio."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn, Self, TypeVar, Unpack

import grpc.aio

from watchword.grpc.blocking import BlockingGuard, rewrap
from watchword.grpc.calls import Asked, MethodRules, Unlisted, present, remember, verdict
from watchword.verify.errors import RequirementError, StepUpError, VerificationError
from watchword.verify.open_connection import DEFAULT_EVERY, OpenConnection
from watchword.verify.protection import Protection, ProtectionOptions
from watchword.verify.requirements import Requirement

T = TypeVar("T")


class AsyncProtectInterceptor(grpc.aio.ServerInterceptor):
    """`watchword.grpc.ProtectInterceptor` for `grpc.aio` servers: arguments, errors and refusals are the same.

    A stream ends with UNAUTHENTICATED when its token does, idle or not. Methods that block are served as well.
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
        self._protection = Protection(**options)
        self._every = every
        self._blocking = BlockingGuard(self._protection, every)

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """See `grpc.aio.ServerInterceptor`."""
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        require = self._rules.require(method)
        if handler is None or require is None:
            return handler
        behaviour = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        if not (inspect.iscoroutinefunction(behaviour) or inspect.isasyncgenfunction(behaviour)):
            return self._blocking.wrap(handler, method, require)
        return self._wrap(handler, behaviour, method, require)

    def _wrap(self, handler: Any, behaviour: Any, method: str, require: Sequence[Requirement]) -> Any:
        async def at_once(request: Any, context: Any) -> Any:
            await self._open(context, method, require)
            async with self._answering(context):
                return await behaviour(request, context)

        async def open_until_done(request: Any, context: Any) -> Any:
            async with self._answering(context), _Watch(await self._open(context, method, require)) as watch:
                return await watch.wait_for(behaviour(request, context))

        async def streaming(request: Any, context: Any) -> AsyncIterator[Any]:
            async with self._answering(context), _Watch(await self._open(context, method, require)) as watch:
                messages = behaviour(request, context)
                try:
                    while True:
                        try:
                            message = await watch.wait_for(anext(messages))
                        except StopAsyncIteration:
                            return
                        yield message
                finally:
                    await messages.aclose()

        # A method may also send by `context.write`, as a coroutine.
        stream = streaming if inspect.isasyncgenfunction(behaviour) else open_until_done
        return rewrap(handler, at_once, stream, open_until_done, stream)

    async def _open(self, context: Any, method: str, require: Sequence[Requirement]) -> OpenConnection:
        try:
            presented = present(self._protection, method, context)
            claims = await self._protection.aadmit(presented, require)
        except VerificationError as error:
            await self._abort(context, error)
        remember(claims)
        return OpenConnection(self._protection, presented, claims, require, every=self._every)

    @asynccontextmanager
    async def _answering(self, context: Any) -> AsyncIterator[None]:
        """Tell the caller what a condition within the method refuses, and that the token has ended."""
        try:
            yield
        except (RequirementError, StepUpError) as error:
            await self._abort(context, error)
        except _TokenEndedError as ended:
            await self._abort(context, ended.cause)

    async def _abort(self, context: Any, error: VerificationError) -> NoReturn:
        code, details, told = verdict(self._protection.refusal(error))
        await context.abort(code, details, told)
        raise AssertionError  # abort raises


class _TokenEndedError(Exception):
    def __init__(self, cause: VerificationError) -> None:
        super().__init__(cause.sentence)
        self.cause = cause


class _Watch:
    """Interrupts what a call waits for when its token ends."""

    def __init__(self, connection: OpenConnection) -> None:
        self._end = asyncio.create_task(connection.end())
        self._end.add_done_callback(self._interrupt)
        self._waiting: asyncio.Timeout | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        self._end.remove_done_callback(self._interrupt)
        self._end.cancel()

    async def wait_for(self, awaitable: Awaitable[T]) -> T:
        """The result of ``awaitable``.

        Raises:
            _TokenEndedError: the token ended first.
        """
        try:
            async with asyncio.timeout(0 if self._end.done() else None) as self._waiting:
                return await awaitable
        except TimeoutError:
            if self._waiting is not None and self._waiting.expired():
                raise _TokenEndedError(self._end.result()) from None
            raise
        finally:
            self._waiting = None

    def _interrupt(self, end: "asyncio.Task[VerificationError]") -> None:
        del end
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())
