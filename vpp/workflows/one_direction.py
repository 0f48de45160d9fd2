"""Sites are not moved both ways at once: what one event takes a site down by, the other is short of.

    for every site and instant: the events of one rank that move it, recovery included, have one direction

An event of higher rank (a mandatory one) may call a site the other way; what counts for whom then is told
by `dispatch.attribution`. Recovery is included because what comes back of a reduction would pass for an
increase.
"""

from vpp.dispatch.attribution import claim_of
from vpp.dispatch.event import Event
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.workflows.claiming_events import claiming_events
from vpp.workflows.newest_instructions import newest_of_event
from vpp.workflows.ports import UnitOfWork


def moved_otherwise(  # noqa: PLR0913  for what, when, and of whom
    uow: UnitOfWork,
    delivery: Interval,
    product: ProductProfile,
    *,
    purpose: EventPurpose = EventPurpose.MARKET,
    except_event: str = "",
    site_id: str = "",
) -> dict[str, str]:
    """Return the sites that other events move the other way at a time, each with the event's id.

    A site that refused, or of which nothing is asked, is not moved.

    Args:
        uow: The transaction.
        delivery: When an event of the product would move them.
        product: Its product, with its direction and recovery window.
        purpose: Its purpose. What a market sells must not meet any other event; an order goes beyond events
            of lower rank, and one that moves no device meets none.
        except_event: The event itself.
        site_id: The only site that is asked about; empty for all.
    """
    if not purpose.moves_devices:
        return {}

    def opposes(event: Event) -> bool:
        if event.direction is product.call.direction or event.event_id == except_event:
            return False
        goes_beyond = purpose.is_ordered and event.purpose.rank < purpose.rank
        return event.purpose.moves_devices and not goes_beyond

    found: dict[str, str] = {}
    for event in claiming_events(uow, delivery, product.call.recovery_window, concerns=opposes):
        for instruction in newest_of_event(uow, event.event_id, site_id=site_id):
            claim = claim_of(instruction)
            if claim is not None and any(claim.target_kw):
                found[instruction.site_id] = event.event_id
    return found
