"""What the hub saw and did in the course of an event, for those who run it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import product_of
from vpp.workflows.tracking_records import TrackingTick
from vpp.workflows.viewing import visible
from vpp.workflows.visibility import Page, PageRequest, sees_whole

_INSTANT = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True, slots=True)
class Looks:
    """A page of looks at an event.

    Attributes:
        page: The looks, the first one first.
        delivery: When delivery takes place.
        interval: Length of one delivery interval.
    """

    page: Page[TrackingTick]
    delivery: Interval
    interval: timedelta


def list_looks(units: UnitOfWorkFactory, principal: Principal, event_id: str, request: PageRequest) -> Looks:
    """List the looks at an event, the first one first.

    Raises:
        NotFound: There is no such event, or the caller may not see all of its sites.
        InvalidInput: The page token is no instant.
    """
    with units(write=False) as uow:
        event = visible(
            uow.events.get(event_id), f"events/{event_id}", lambda event: sees_whole(principal, event)
        ).value
        product = product_of(uow, event.product_id, event.product_version)
        after = _instant(request.page_token) if request.page_token else None
        ticks = uow.tracking.page(event_id, after=after, limit=request.limit + 1)
        token = f"{ticks[request.limit - 1].due_at:{_INSTANT}}" if len(ticks) > request.limit else ""
        return Looks(Page(tuple(ticks[: request.limit]), token), event.delivery, product.settlement_interval)


def _instant(token: str) -> datetime:
    try:
        return datetime.strptime(token, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput(
            f"page_token is {token!r}, expected the previous page's next_page_token", page_token=token
        ) from None
