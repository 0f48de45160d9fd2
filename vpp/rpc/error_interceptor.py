"""The outermost interceptor: whatever a call raises leaves as one typed status."""

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from grpc_status import rpc_status

from vpp.rpc.errors import is_callers, status_of
from vpp.rpc.interception import Call, Context, HandlerInterceptor

_log = logging.getLogger(__name__)


class ErrorInterceptor(HandlerInterceptor):
    """Turns every exception into a status; an unknown one is logged under an opaque id.

    Without it, grpc sends the text of an exception to the caller, and with it whatever it names.
    """

    @asynccontextmanager
    async def around(self, call: Call, context: Context) -> AsyncIterator[None]:
        """End the call with the status that the exception stands for."""
        try:
            yield
        except grpc.aio.AbortError:  # the status is set already
            raise
        except Exception as error:  # noqa: BLE001  this is the last place that can keep it from the caller
            error_id = "" if is_callers(error) else uuid.uuid4().hex
            if error_id:
                _log.exception("error %s in %s", error_id, call.method)
            await context.abort_with_status(rpc_status.to_status(status_of(error, error_id)))
