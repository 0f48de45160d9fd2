"""Which products a site may not serve side by side.

    a site's enrolments that are not withdrawn:   for no two of them does one product exclude the other
    its events that overlap, recovery included:   the same

It suffices that one of two products names the other. An enrolment has no end before it is withdrawn, so two
of them always overlap; the events are looked at as well, because a later version of a product may exclude
what an earlier one did not.
"""

from vpp.dispatch.event import Event
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.product import ProductProfile
from vpp.workflows.claiming_events import claiming_events
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import product_of

_EVERY = 1_000_000


def exclude_each_other(one: ProductProfile, other: ProductProfile) -> bool:
    """Tell whether a site may not serve two products side by side."""
    return one.product_id in other.stacking_excludes or other.product_id in one.stacking_excludes


def check_enrolments(uow: UnitOfWork, site_id: str, product: ProductProfile) -> None:
    """Refuse a product to a site that is enrolled in one that excludes it.

    Raises:
        WrongState: The message names the other enrolment.
    """
    for stored in uow.enrolments.page(where={"site_id": site_id}, limit=_EVERY):
        enrolment = stored.value
        if enrolment.product_id == product.product_id or enrolment.state is EnrolmentState.WITHDRAWN:
            continue
        other = uow.products.latest(enrolment.product_id)
        if other is not None and exclude_each_other(product, other):
            raise WrongState(
                f"sites/{site_id} is enrolled in products/{other.product_id}, which products/"
                f"{product.product_id} may not be served beside; expected that enrolment to be withdrawn",
                enrolment=f"enrolments/{enrolment.enrolment_id}",
            )


def booked_sites(
    uow: UnitOfWork, delivery: Interval, product: ProductProfile, *, except_event: str = ""
) -> dict[str, str]:
    """Return the sites that are sold to an excluded product at a time, each with the event's id.

    Args:
        uow: The transaction.
        delivery: When an event of the product would take place.
        product: The product.
        except_event: The event itself.
    """
    known: dict[tuple[str, int], bool] = {}

    def excludes(event: Event) -> bool:
        is_other = event.product_id != product.product_id and event.event_id != except_event
        if not is_other or not event.purpose.is_paid:
            return False
        key = (event.product_id, event.product_version)
        if key not in known:
            known[key] = exclude_each_other(product, product_of(uow, *key))
        return known[key]

    events = claiming_events(uow, delivery, product.call.recovery_window, concerns=excludes)
    return {
        claim.site_id: claim.event_id for claim in uow.claims.claims_of([each.event_id for each in events])
    }


def check_not_booked(uow: UnitOfWork, delivery: Interval, product: ProductProfile, site_id: str) -> None:
    """Refuse a site that is sold to an excluded product at a time.

    Raises:
        WrongState: The message names the event.
    """
    event_id = booked_sites(uow, delivery, product).get(site_id)
    if event_id is not None:
        raise WrongState(
            f"sites/{site_id} serves events/{event_id} then, which products/{product.product_id} may not be "
            "served beside",
            event=f"events/{event_id}",
        )
