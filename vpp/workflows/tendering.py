"""What makes a call on a product valid: the checks that auctions and emergencies share."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.baseline.civil_clock import CivilClock
from vpp.baseline.public_holidays import public_holidays
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import on_grid, starts
from vpp.portfolio.call_rules import Trigger
from vpp.portfolio.product import ProductProfile
from vpp.workflows.given_ids import given_id

_AN_INSTANT = timedelta(microseconds=1)
MOST_OF_PRODUCT = 34  # an id has 64 characters; the rest of one that the hub gives takes up to 30


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
    check_calendar(product, delivery)
    check_target(target_reduction_kw, delivery, product.settlement_interval)
    check_currency(product, currency, "cap_price_per_mwh")
    if not product.bid.price_floor_per_mwh < price_cap_per_mwh <= product.bid.price_cap_per_mwh:
        raise InvalidInput(
            f"cap_price_per_mwh is {price_cap_per_mwh}, expected above {product.bid.price_floor_per_mwh} and "
            f"at most {product.bid.price_cap_per_mwh} {product.money.currency}",
            cap_price_per_mwh=str(price_cap_per_mwh),
        )
    fixed_price = product.money.fixed_price_per_mwh
    if fixed_price is not None and price_cap_per_mwh < fixed_price:
        raise InvalidInput(
            f"cap_price_per_mwh is {price_cap_per_mwh}, expected at least {fixed_price} "
            f"{product.money.currency}, the price that products/{product.product_id} pays whoever is awarded",
            cap_price_per_mwh=str(price_cap_per_mwh),
        )


def check_gate(product: ProductProfile, delivery: Interval, gate_closes_at: datetime, now: datetime) -> None:
    """Refuse a gate closure that leaves sites too little notice, or tells them too early.

    Sites are told what they have sold when the gate has closed.

    Raises:
        InvalidInput: Names the field, its value and what was expected.
    """
    latest = delivery.start - product.call.bidding_ends
    if not now < gate_closes_at <= latest:
        raise InvalidInput(
            f"gate_closure_time is {gate_closes_at.isoformat()}, expected after {now.isoformat()} and at "
            f"most {latest.isoformat()}, {product.call.bidding_ends} before delivery as products/"
            f"{product.product_id} has it",
            gate_closure_time=gate_closes_at.isoformat(),
        )
    _check_not_too_early(product, delivery, gate_closes_at, "gate_closure_time")


def check_notice(product: ProductProfile, delivery: Interval, now: datetime) -> None:
    """Refuse a call at too short or too long a notice.

    Raises:
        InvalidInput: Names the field, its value and what was expected.
    """
    if delivery.start - now < product.call.notice_min:
        raise InvalidInput(
            f"delivery_interval.start_time is {delivery.start.isoformat()}, expected at least "
            f"{product.call.notice_min} after {now.isoformat()}",
            start_time=delivery.start.isoformat(),
        )
    _check_not_too_early(product, delivery, now, "the time of the call")


def _check_not_too_early(product: ProductProfile, delivery: Interval, told_at: datetime, field: str) -> None:
    longest = product.call.notice_max
    if longest is not None and delivery.start - told_at > longest:
        raise InvalidInput(
            f"{field} is {told_at.isoformat()}, expected at least {(delivery.start - longest).isoformat()}: "
            f"products/{product.product_id} gives notice of at most {longest}",
            notice=str(delivery.start - told_at),
        )


def check_calendar(product: ProductProfile, delivery: Interval) -> None:
    """Refuse delivery on a day or at an hour at which the product is not called.

    Raises:
        InvalidInput: Names the first interval that lies outside, and the calendar.
    """
    calendar = product.call.calendar
    if calendar.is_open:
        return
    clock = CivilClock(product.time_zone)
    code = calendar.holiday_calendar
    first_year, last_year = clock.civil_date(delivery.start).year, clock.civil_date(delivery.end).year
    days = public_holidays(code, range(first_year, last_year + 1)) if code else frozenset()
    for start in starts(delivery, product.settlement_interval):
        ends = (start, start + product.settlement_interval - _AN_INSTANT)
        if not all(
            calendar.allows_day(clock.civil_date(at), days) and calendar.allows_time(clock.wall_time(at))
            for at in ends
        ):
            raise InvalidInput(
                f"delivery_interval reaches over {clock.local_iso(start)}, expected to lie {calendar.words}, "
                f"{product.time_zone}, when products/{product.product_id} may be called",
                delivery_interval=f"{delivery.start.isoformat()}/{delivery.end.isoformat()}",
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


def check_currency(product: ProductProfile, currency: str, field: str) -> None:
    """Refuse a price in another currency than the product's.

    Raises:
        InvalidInput: The currencies differ.
    """
    if currency != product.money.currency:
        raise InvalidInput(
            f"{field} is in {currency or 'no currency'}, expected {product.money.currency}", currency=currency
        )


def default_id(product_id: str, start: datetime, party_id: str, is_taken: Callable[[str], bool]) -> str:
    """Choose an id that says what it is, product and start of delivery, and counts one's own alone.

    Example:
        >>> from datetime import UTC
        >>> default_id("evening", datetime(2026, 3, 2, 17, tzinfo=UTC), "grid", lambda _: False)
        'evening-20260302-1700-a5bbabcb66-1'
    """
    base = f"{product_id[:MOST_OF_PRODUCT].rstrip('-')}-{start:%Y%m%d-%H%M}"
    return given_id(base, f"parties/{party_id}", is_taken)
