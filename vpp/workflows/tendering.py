"""What makes a call on a product valid: the checks that auctions and emergencies share."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.dispatch.event import EventState
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.foundation.series import on_grid, starts
from vpp.portfolio.product import ProductProfile, Trigger
from vpp.workflows.ports import UnitOfWork


def check_call(  # noqa: PLR0913  one argument per field of the request
    product: ProductProfile,
    *,
    trigger: Trigger,
    delivery: Interval,
    target_reduction_kw: Sequence[float],
    price_cap_per_mwh: Decimal,
    currency: str,
    now: datetime,
) -> None:
    """Refuse a call that the product's rules do not allow.

    Args:
        product: The product's rules.
        trigger: What the request would set in motion.
        delivery: When delivery is to take place.
        target_reduction_kw: Reduction asked for per settlement interval, kW.
        price_cap_per_mwh: Highest price the operator pays.
        currency: Currency of that price.
        now: The present instant.

    Raises:
        InvalidInput: Names the field, its value and what was expected.
    """
    if product.call.trigger is not trigger:
        raise InvalidInput(
            f"product {product.product_id} is set in motion by {product.call.trigger.value}, "
            f"not by {trigger.value}",
            product=product.product_id,
        )
    check_delivery(product, delivery, now)
    if not product.call.min_duration <= delivery.duration <= product.call.max_duration:
        raise InvalidInput(
            f"delivery_interval lasts {delivery.duration}, expected {product.call.min_duration} to "
            f"{product.call.max_duration}",
            duration=str(delivery.duration),
        )
    check_target(target_reduction_kw, delivery, product.settlement_interval)
    check_currency(product, currency, "cap_price_per_mwh")
    if not product.bid.price_floor_per_mwh < price_cap_per_mwh <= product.bid.price_cap_per_mwh:
        raise InvalidInput(
            f"cap_price_per_mwh is {price_cap_per_mwh}, expected above {product.bid.price_floor_per_mwh} and "
            f"at most {product.bid.price_cap_per_mwh} {product.money.currency}",
            cap_price_per_mwh=str(price_cap_per_mwh),
        )


def check_delivery(product: ProductProfile, delivery: Interval, now: datetime) -> None:
    """Refuse a delivery that does not lie ahead, or off the grid on which the product is measured.

    Raises:
        InvalidInput: Names the field, its value and what was expected.
    """
    if delivery.start <= now:
        raise InvalidInput(
            f"delivery_interval.start_time is {delivery.start.isoformat()}, expected an instant after "
            f"{now.isoformat()}",
            start_time=delivery.start.isoformat(),
        )
    step = product.settlement_interval
    if not on_grid(delivery.start, step) or delivery.duration % step:
        raise InvalidInput(
            f"delivery_interval is {delivery.start.isoformat()} to {delivery.end.isoformat()}, expected "
            f"bounds on the grid of {step}",
            start_time=delivery.start.isoformat(),
        )


def check_target(target_reduction_kw: Sequence[float], delivery: Interval, step: timedelta) -> None:
    """Refuse a target of another length than delivery, or that is no quantity.

    Raises:
        InvalidInput: Names the field, its value and what was expected.
    """
    expected = len(starts(delivery, step))
    if len(target_reduction_kw) != expected:
        raise InvalidInput(
            f"target_reduction_kw has {len(target_reduction_kw)} values, expected {expected} of {step} each",
            count=str(len(target_reduction_kw)),
        )
    for n, value in enumerate(target_reduction_kw):
        if not math.isfinite(value) or value < 0:
            raise InvalidInput(f"target_reduction_kw[{n}] is {value}, expected 0 or more", value=str(value))
    if not any(target_reduction_kw):
        raise InvalidInput("target_reduction_kw is zero throughout, expected a value above 0")


def check_one_buyer(uow: UnitOfWork, operator_party_id: str, start: datetime) -> None:
    """Refuse a second buyer in a month: statements of one hub are written for one operator.

    Raises:
        WrongState: Another operator has an event in the month, or within a day of it.
    """
    first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    margin = timedelta(days=1)
    for event in uow.claims.events_during(Interval(first - margin, following + margin)):
        is_near = first - margin <= event.delivery.start
        buys = event.purpose.is_paid and event.state is not EventState.FAILED
        if is_near and buys and event.operator_party_id != operator_party_id:
            raise WrongState(
                f"parties/{event.operator_party_id} buys in {start:%Y-%m}; "
                "one hub serves one operator a month",
                operator=event.operator_party_id,
            )


def check_currency(product: ProductProfile, currency: str, field: str) -> None:
    """Refuse a price in another currency than the product's.

    Raises:
        InvalidInput: The currencies differ.
    """
    if currency != product.money.currency:
        raise InvalidInput(
            f"{field} is in {currency or 'no currency'}, expected {product.money.currency}", currency=currency
        )


def default_id(product_id: str, start: datetime, taken: Sequence[str] | frozenset[str] = ()) -> str:
    """Choose an id that says what it is: product and start of delivery.

    Example:
        >>> from datetime import UTC
        >>> default_id("evening", datetime(2026, 3, 2, 17, tzinfo=UTC), ["evening-20260302-1700"])
        'evening-20260302-1700-2'
    """
    base = f"{product_id[:40].rstrip('-')}-{start:%Y%m%d-%H%M}"
    candidate, count = base, 1
    while candidate in taken:
        count += 1
        candidate = f"{base}-{count}"
    return candidate
