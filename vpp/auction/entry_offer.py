"""What an offer must look like by itself: steps, blocks and stores.

All loops here run over every bid of a book before each clearing, so they compare plain numbers
and format text only for a refusal.
"""

from decimal import Decimal, InvalidOperation
from math import inf, isfinite

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer, StoreOffer
from vpp.auction.entry_refusal import refused

_FINEST = Decimal("0.000001")  # prices are published, and costs summed, in millionths of the currency
_FINEST_PER_KWH = _FINEST / 1000
_EVEN = 1e-9  # share by which a decayed store may miss its own end: rounding, not a shortfall


def check_steps(
    bid: Bid, offer: StepOffer, interval_count: int, *, seen: set[int]
) -> list[tuple[PriceStep, ...]]:
    """Refuse steps for other intervals, without quantity, or with falling or missing prices.

    Args:
        bid: The bid.
        offer: Its offer.
        interval_count: Number of delivery intervals.
        seen: Identities of step tuples that have been found sound. Bids of a large book share
            most of theirs, so each is looked at once; the book keeps them alive meanwhile.

    Returns:
        The steps of the intervals that had not been seen before.

    Raises:
        InvalidInput: A field breaks a rule.
    """
    if len(offer.steps) != interval_count:
        raise refused(
            bid,
            "steps",
            f"{len(offer.steps)} intervals",
            f"{interval_count} intervals, those of this auction's product",
        )
    if not any(offer.steps):
        raise refused(bid, "steps", "empty", "a step in one interval at least")
    fresh = {id(steps): steps for steps in offer.steps if steps and id(steps) not in seen}
    for steps in fresh.values():
        _check_interval(bid, steps)
    seen.update(fresh)
    return list(fresh.values())


def _check_interval(bid: Bid, steps: tuple[PriceStep, ...]) -> None:
    before = steps[0].price_per_mwh
    try:
        for step in steps:
            if not 0.0 < step.reduction_kw < inf:  # NaN fails as well
                raise refused(bid, "reduction_kw", step.reduction_kw, "above 0")
            if step.price_per_mwh < before:
                prices = [str(one.price_per_mwh) for one in steps]
                raise refused(bid, "price_per_mwh", prices, "not decreasing")
            before = step.price_per_mwh
    except InvalidOperation as error:  # a NaN was compared
        raise _unpriced(bid, steps) from error
    if not (steps[0].price_per_mwh.is_finite() and before.is_finite()):
        raise _unpriced(bid, steps)
    for step in steps:
        check_decimals(bid, "price_per_mwh", step.price_per_mwh)


def check_decimals(bid: Bid, field: str, value: Decimal) -> None:
    """Refuse a price or cost that is finer than a millionth of the currency.

    Args:
        bid: The bid.
        field: Its field.
        value: A finite price per MWh, or a cost.

    Raises:
        InvalidInput: It has more than six decimals.
    """
    if not _is_multiple(value, _FINEST):
        raise refused(bid, field, value, "at most six decimals")


def check_availability(bid: Bid) -> None:
    """Refuse an availability price that is negative, or finer than a millionth per MWh.

    Args:
        bid: The bid.

    Raises:
        InvalidInput: It is out of range, or has more than nine decimals.
    """
    price = bid.availability_price_per_kw_h
    if not price.is_finite() or price < 0:
        raise refused(bid, "availability_price_per_kw_h", price, "0 or more")
    if not _is_multiple(price, _FINEST_PER_KWH):
        expected = "at most nine decimals, six per MWh"
        raise refused(bid, "availability_price_per_kw_h", price, expected)


def _is_multiple(value: Decimal, finest: Decimal) -> bool:
    try:
        return value == value.quantize(finest)
    except InvalidOperation:  # too many digits for one or the other
        return False


def _unpriced(bid: Bid, steps: tuple[PriceStep, ...]) -> Exception:
    prices = [step.price_per_mwh for step in steps if not step.price_per_mwh.is_finite()]
    return refused(bid, "price_per_mwh", prices[0], "a finite price")


def check_block(bid: Bid, offer: BlockOffer, interval_count: int) -> None:
    """Refuse a block without reduction, with one after delivery, or with a ratio out of range.

    Args:
        bid: The bid.
        offer: Its offer.
        interval_count: Number of delivery intervals.

    Raises:
        InvalidInput: A field breaks a rule.
    """
    if not 0 < offer.min_acceptance_ratio <= 1:  # NaN fails as well
        raise refused(bid, "min_acceptance_ratio", offer.min_acceptance_ratio, "above 0 and at most 1")
    profile_kw = offer.profile_kw
    if not all(map(isfinite, profile_kw)):
        raise refused(bid, "profile_kw", profile_kw, "finite values")
    if not profile_kw or max(profile_kw) <= 0:
        raise refused(bid, "profile_kw", profile_kw, "a reduction in one interval at least")
    if len(profile_kw) > interval_count and max(profile_kw[interval_count:]) > 0:
        raise refused(
            bid, "profile_kw", profile_kw, f"no reduction after the {interval_count} intervals of delivery"
        )
    _check_price(bid, offer.price_per_mwh)
    check_cost(bid, "fixed_cost", offer.fixed_cost)


def check_store(bid: Bid, offer: StoreOffer) -> None:
    """Refuse a store whose powers, energies or efficiencies are out of range.

    Args:
        bid: The bid.
        offer: Its offer.

    Raises:
        InvalidInput: A field breaks a rule.
    """
    if not 0 < offer.discharge_kw < inf:
        raise refused(bid, "discharge_kw", offer.discharge_kw, "above 0")
    if not 0 <= offer.charge_kw < inf:
        raise refused(bid, "charge_kw", offer.charge_kw, "0 or more")
    for field in ("reserve_kwh", "capacity_kwh", "start_kwh", "end_kwh"):
        if not isfinite(getattr(offer, field)):
            raise refused(bid, field, getattr(offer, field), "a finite value")
    if offer.capacity_kwh <= offer.reserve_kwh:
        raise refused(bid, "capacity_kwh", offer.capacity_kwh, f"above reserve_kwh of {offer.reserve_kwh}")
    if offer.end_kwh > offer.capacity_kwh:
        raise refused(bid, "end_kwh", offer.end_kwh, f"at most capacity_kwh of {offer.capacity_kwh}")
    for field in ("charge_efficiency", "discharge_efficiency", "hold_ratio"):
        if not 0 < getattr(offer, field) <= 1:
            raise refused(bid, field, getattr(offer, field), "above 0 and at most 1")
    limit_kwh = offer.cycle_limit_kwh
    if limit_kwh is not None and not 0 < limit_kwh < inf:
        raise refused(bid, "cycle_limit_kwh", limit_kwh, "above 0, or none")
    _check_price(bid, offer.price_per_mwh)


def check_standing_still(bid: Bid, offer: StoreOffer, horizon_interval_count: int) -> None:
    """Refuse a store that would break its own bounds by doing nothing.

    Such a store would have to be paid for existing. What it holds moves towards 0 by its hold
    ratio, so its bounds need checking at both ends only.

    Args:
        bid: The bid.
        offer: Its offer.
        horizon_interval_count: Number of delivery and recovery intervals.

    Raises:
        InvalidInput: What it holds leaves its bounds, or misses its end.
    """
    last_kwh = offer.start_kwh * offer.hold_ratio**horizon_interval_count
    slack_kwh = _EVEN * max(1.0, abs(offer.start_kwh))
    bounds = f"{offer.reserve_kwh} to {offer.capacity_kwh} kWh"
    if not offer.reserve_kwh <= offer.start_kwh <= offer.capacity_kwh:
        raise refused(bid, "start_kwh", offer.start_kwh, bounds)
    if not offer.reserve_kwh - slack_kwh <= last_kwh <= offer.capacity_kwh + slack_kwh:
        raise refused(bid, "hold_ratio", offer.hold_ratio, f"{bounds} after the horizon, not {last_kwh} kWh")
    if last_kwh < offer.end_kwh - slack_kwh:
        raise refused(bid, "end_kwh", offer.end_kwh, f"at most the {last_kwh} kWh left by doing nothing")


def _check_price(bid: Bid, price: Decimal) -> None:
    if not price.is_finite():
        raise refused(bid, "price_per_mwh", price, "a finite price")
    check_decimals(bid, "price_per_mwh", price)


def check_cost(bid: Bid, field: str, cost: Decimal) -> None:
    """Refuse a cost that is negative, missing or finer than a millionth of the currency.

    Args:
        bid: The bid.
        field: Its field.
        cost: What it holds.

    Raises:
        InvalidInput: It is one of these.
    """
    if not cost.is_finite() or cost < 0:
        raise refused(bid, field, cost, "0 or more")
    check_decimals(bid, field, cost)
