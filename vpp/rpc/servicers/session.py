"""Serves SessionService: one long-lived stream per site agent."""
# ruff: noqa: N802  names are the wire's

from collections.abc import AsyncIterator, Callable
from typing import Any

from vpp.foundation.errors import Overloaded
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.interception import Context
from vpp.rpc.link import GrpcLink
from vpp.rpc.paced_link import MessageRates, PacedLink
from vpp.rpc.quota_limits import UNREAD
from vpp.rpc.session import SiteSession
from vpp.rpc.session_stream import SessionStream, StreamSurroundings
from vpp.rpc.stream_quota import StreamQuota
from vpp.v1.session_pb2_grpc import SessionServiceServicer
from vpp.workflows.identity import Principal


class SessionServicer(SessionServiceServicer):
    """Serves site agents."""

    def __init__(
        self,
        begin: Callable[[Principal], SiteSession],
        surroundings: StreamSurroundings,
        quota: StreamQuota,
        rates: MessageRates,
        unread: Callable[[], None],
    ) -> None:
        """Keep what sessions are made of.

        Args:
            begin: Makes the session of a caller.
            surroundings: What all streams share.
            quota: How many streams one caller may have open.
            rates: How fast each caller's messages may come.
            unread: Called when a caller has not read what it was sent.
        """
        self._begin = begin
        self._surroundings = surroundings
        self._quota = quota
        self._rates = rates
        self._unread = unread

    async def Connect(  # type: ignore[override]  # grpc.aio's reader and writer form, which its stubs do not know
        self, request_iterator: AsyncIterator[Any], context: Context
    ) -> None:
        """Serve one agent's stream until either side ends it."""
        principal = caller()
        with self._quota.stream_of(principal.principal_id):
            link = PacedLink(GrpcLink(request_iterator, context), principal.principal_id, self._rates)
            try:
                await SessionStream(link, self._begin(principal), self._surroundings).run()
            except Overloaded as error:
                if error.metadata.get("limit") == UNREAD:
                    self._unread()
                raise
