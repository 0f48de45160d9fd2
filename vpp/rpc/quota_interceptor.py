"""Whether a caller may have the hub do one thing more. Comes before its role, so that denied calls count."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import grpc

from vpp.foundation.errors import InvalidInput, Overloaded
from vpp.foundation.spiffe_name import SpiffeName
from vpp.rpc.caller_quotas import CallerQuotas
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.interception import EXEMPT_SERVICES, Call, Context, Handler, HandlerInterceptor
from vpp.rpc.message_size import measured, message_bytes
from vpp.rpc.nameless_quota import NamelessQuota
from vpp.rpc.rates import Rate


class QuotaInterceptor(HandlerInterceptor):
    """Counts every call against its caller's quotas; notes how large requests are."""

    def __init__(
        self, quotas: CallerQuotas, rate: Rate, *, streams: frozenset[str], sessions: frozenset[str]
    ) -> None:
        """Keep the quotas.

        Args:
            quotas: What each caller has open.
            rate: How many bytes of requests each caller may send.
            streams: Full names of the methods that answer with a stream.
            sessions: Full names of the methods that are sessions; they count their messages themselves.
        """
        self._quotas = quotas
        self._rate = rate
        self._nameless = NamelessQuota()
        self._streams = streams
        self._sessions = sessions

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the handlers of methods that need no identity as well."""
        handler = await super().intercept_service(continuation, handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or not method.startswith(EXEMPT_SERVICES):
            return handler
        return self._wrapped(handler, Call(method, {}))

    @asynccontextmanager
    async def around(self, call: Call, context: Context) -> AsyncIterator[None]:
        """Let the call in, now or when it is its turn, or refuse it."""
        connection = str(context.peer())
        if call.method.startswith(EXEMPT_SERVICES):
            with ExitStack() as stack:
                try:
                    stack.enter_context(self._nameless.call_on(connection, _party_of(context)))
                except Overloaded as error:  # no interceptor outside makes a status of it
                    await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
                yield
            return
        who = caller().principal_id
        if call.method in self._sessions:
            enclosed = self._quotas.session_of(who, connection)
        elif call.method in self._streams:
            enclosed = self._quotas.stream_of(who, connection)
        else:
            enclosed = self._quotas.request_of(who, connection)
        async with enclosed:
            yield

    def checks(self, call: Call) -> bool:
        """Leave the messages of a session, which is read no faster than its quota, and those of probes."""
        return call.method not in self._sessions and not call.method.startswith(EXEMPT_SERVICES)

    def check(self, call: Call, request: Any) -> None:  # noqa: ANN401  a message of any method
        """Count a request's bytes, whether it is a proper one or not."""
        del call, request
        self._quotas.count_bytes(caller().principal_id, message_bytes(), self._rate)

    def parser(self, deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        """Note the size of every message where it is read."""
        return measured(deserialize)


def _party_of(context: Context) -> str | None:
    """Return whose certificate a connection has, by the one name in it; None without one."""
    for name in context.auth_context().get("x509_subject_alternative_name") or ():
        try:
            return SpiffeName.parse(bytes(name).decode("ascii", errors="replace")).party_id
        except InvalidInput:
            continue
    return None
