"""Serves SessionService: one long-lived stream per site agent."""
# ruff: noqa: N802  names are the wire's

from collections.abc import AsyncIterator, Callable
from typing import Any

from vpp.rpc.identity_interceptor import caller
from vpp.rpc.interception import Context
from vpp.rpc.link import GrpcLink
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
    ) -> None:
        """Keep what sessions are made of.

        Args:
            begin: Makes the session of a caller.
            surroundings: What all streams share.
            quota: How many streams one caller may have open.
        """
        self._begin = begin
        self._surroundings = surroundings
        self._quota = quota

    async def Connect(  # type: ignore[override]  # grpc.aio's reader and writer form, which its stubs do not know
        self, request_iterator: AsyncIterator[Any], context: Context
    ) -> None:
        """Serve one agent's stream until either side ends it."""
        principal = caller()
        with self._quota.stream_of(principal.principal_id):
            link = GrpcLink(request_iterator, context)
            await SessionStream(link, self._begin(principal), self._surroundings).run()
