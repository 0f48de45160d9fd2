"""A site's metered load as the stages want it, and the spans that no baseline may learn from."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vpp.baseline.calendar import SiteCalendar
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.metering_energy import metering_energy
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.claiming_events import LONGEST_RECOVERY
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import product_of
from vpp.workflows.site_load import site_load


def metered_load(uow: UnitOfWork, site: Site, span: Interval, step: timedelta) -> MeteredSeries:
    """Return a site's load on a coarser grid than its meter's.

    Args:
        uow: The transaction.
        site: The site.
        span: Whole number of `step`s, on the grid of `step`.
        step: Length of the intervals wanted, a whole multiple of the metering interval.

    Returns:
        Mean kW and the worst quality per interval; a missing sample makes its interval missing.
    """
    raw = site_load(uow, site, span)
    return raw if step == site.metering_interval else metering_energy(raw, step)


def _was_called(event: Event, instruction: Instruction) -> bool:
    """Tell whether a site may have curtailed: it neither refused nor was it called off before."""
    if not instruction.purpose.moves_devices or not any(instruction.target_reduction_kw):
        return False
    if instruction.state in {InstructionState.REFUSED, InstructionState.EXPIRED}:
        return False
    if event.state is EventState.CANCELLED:
        return event.cancelled_at is not None and event.cancelled_at > instruction.delivery.start
    return event.state is not EventState.FAILED


@dataclass(frozen=True, slots=True)
class Curtailed:
    """When a site's load was not its own.

    Attributes:
        deliveries: Delivery in events.
        recoveries: The time after each in which it may have recovered.
        dates: Civil days of those events.
    """

    deliveries: tuple[Interval, ...]
    recoveries: tuple[Interval, ...]
    dates: frozenset[date]

    @property
    def masked(self) -> tuple[Interval, ...]:
        """Deliveries and recoveries: nothing may learn from either."""
        return self.deliveries + self.recoveries


def curtailed(
    uow: UnitOfWork, site: Site, calendar: SiteCalendar, *, since: datetime, except_event: str
) -> Curtailed:
    """Collect the spans in which a site delivered, so that no baseline learns from them.

    Args:
        uow: The transaction.
        site: The site.
        calendar: Its civil time.
        since: Start of the readings; deliveries that were over long before it are left out, so that
            what is looked up does not grow with a site's years.
        except_event: The event that the baseline is for; it does not exclude its own day.
    """
    deliveries: dict[Interval, timedelta] = {}  # a modified event has several instructions
    for stored in uow.instructions.page(where={"site_id": site.site_id}, limit=EVERYTHING):
        instruction = stored.value
        if instruction.delivery.end + LONGEST_RECOVERY < since:
            continue
        event = uow.events.get(instruction.event_id)
        if event is None or instruction.event_id == except_event:
            continue
        if not _was_called(event.value, instruction):
            continue
        product = product_of(uow, event.value.product_id, event.value.product_version)
        window = product.call.recovery_window
        deliveries[instruction.delivery] = max(window, deliveries.get(instruction.delivery, window))
    return Curtailed(
        deliveries=tuple(deliveries),
        recoveries=tuple(
            Interval(delivery.end, delivery.end + window) for delivery, window in deliveries.items() if window
        ),
        dates=frozenset(calendar.civil_date(delivery.start) for delivery in deliveries),
    )
