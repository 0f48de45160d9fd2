"""Builds what bounds callers: their quotas, and the deadlines of what is on its way."""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf import descriptor_pool

from vpp.hub.quota_settings import QuotaSettings
from vpp.rpc.caller_quotas import CallerQuotas
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.paced_link import MessageRates
from vpp.rpc.quota_interceptor import QuotaInterceptor
from vpp.rpc.rates import Rate
from vpp.rpc.server import SERVICE_NAMES
from vpp.rpc.transfer_interceptor import TransferInterceptor
from vpp.workflows.acting import actor


@dataclass(frozen=True, slots=True)
class Quotas:
    """What bounds callers.

    Attributes:
        callers: What each caller has open.
        rates: How fast each caller's messages come.
        interceptor: Lets calls in; goes between identity and role.
        transfer: Reads requests and writes answers in time; goes inside of all that checks.
        unread: Counts a call of the present caller's that was not read.
    """

    callers: CallerQuotas
    rates: MessageRates
    interceptor: QuotaInterceptor
    transfer: TransferInterceptor
    unread: Callable[[], None]


def compose_quotas(settings: QuotaSettings, metrics: HubMetrics) -> Quotas:
    """Build it.

    Args:
        settings: How much one caller may ask.
        metrics: Where refusals are counted.
    """
    limits = settings.limits()
    callers = CallerQuotas(limits, metrics)
    rates = MessageRates(
        Rate(limits.max_messages_per_second, limits.rate_window),
        Rate(limits.max_bytes_per_second, limits.rate_window),
    )

    def unread() -> None:
        """Count a call whose caller did not read its answer."""
        principal = actor()
        callers.note_unread("nobody" if principal is None else principal.principal_id)

    streams, sessions = _streaming_methods()
    interceptor = QuotaInterceptor(callers, rates.bytes, streams=streams, sessions=sessions)
    transfer = TransferInterceptor(
        request_deadline=settings.request_deadline,
        write_deadline=settings.write_deadline,
        unread=unread,
    )
    metrics.pull("calls_open", "Calls and streams that are open, sessions aside.", lambda: callers.unfinished)
    return Quotas(callers, rates, interceptor, transfer, unread)


def _streaming_methods() -> tuple[frozenset[str], frozenset[str]]:
    """Return the methods that answer with a stream, and those that are sessions."""
    pool = descriptor_pool.Default()
    methods = [
        (f"/{name}/{method.name}", method)
        for name in SERVICE_NAMES
        for method in pool.FindServiceByName(name).methods
    ]
    sessions = frozenset(name for name, method in methods if method.client_streaming)
    streams = frozenset(name for name, method in methods if method.server_streaming)
    return streams - sessions, sessions
