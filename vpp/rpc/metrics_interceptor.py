"""Counts calls by method, status and duration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from vpp.foundation.clock import stopwatch_s
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.interception import Call, Context, HandlerInterceptor

_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


class MetricsInterceptor(HandlerInterceptor):
    """Goes outside of every other interceptor, so that refused calls count too."""

    def __init__(self, metrics: HubMetrics) -> None:
        """Keep where calls are counted."""
        self._metrics = metrics

    @asynccontextmanager
    async def around(self, call: Call, context: Context) -> AsyncIterator[None]:
        """Count the call when it has ended, however it ends."""
        begun_s = stopwatch_s()
        code = "OK"
        try:
            yield
        except grpc.aio.AbortError:
            code = status_name(context)
            raise
        except BaseException:  # a caller that hung up; whatever else has become a status by now
            code = "CANCELLED"
            raise
        finally:
            self._metrics.called(call.method, code, stopwatch_s() - begun_s)


def status_name(context: Context) -> str:
    """Return the name of the status that a call was given; grpc.aio keeps it as a number or a code."""
    code: object = context.code()
    if isinstance(code, grpc.StatusCode):
        return code.name
    return _NAMES.get(code, "UNKNOWN") if isinstance(code, int) else "UNKNOWN"
