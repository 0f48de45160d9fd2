"""Whether a caller's roles allow a method. Comes before validation (AIP-211), and is written down."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from vpp.foundation.errors import NotPermitted
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.interception import Call, Context, HandlerInterceptor
from vpp.workflows.identity import Principal, Role


class RoleInterceptor(HandlerInterceptor):
    """Refuses calls that no role of the caller's allows; a method without a line allows nobody."""

    def __init__(
        self,
        allowed: Mapping[str, frozenset[Role]],
        write_down: Callable[[Principal, str], Awaitable[None]],
    ) -> None:
        """Keep the table and where denied calls are written down.

        Args:
            allowed: Full method name to the roles that may call it.
            write_down: Puts a denied call into the audit record.
        """
        self._allowed = allowed
        self._write_down = write_down

    @asynccontextmanager
    async def around(self, call: Call, context: Context) -> AsyncIterator[None]:
        """Let the call pass or refuse it."""
        del context
        principal = caller()
        if not principal.roles & self._allowed.get(call.method, frozenset()):
            await self._write_down(principal, call.method)
            raise NotPermitted(
                f"{call.method} is not for your roles", method=call.method, principal=principal.principal_id
            )
        yield
