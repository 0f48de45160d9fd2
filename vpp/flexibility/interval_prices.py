"""Offers priced interval by interval, where the price of power changes inside a window."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.site_prices import SitePrices
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval


def reservation_prices_per_mwh(
    cost: OpportunityCost,
    prices_per_kwh: Sequence[Decimal],
    later_price_per_kwh: Decimal | None = None,
    direction: Direction = Direction.LOAD_DOWN,
) -> tuple[Decimal, ...]:
    """Return the lowest price at which each interval of a horizon is offered.

    Args:
        cost: What a changed kWh costs before the price of power.
        prices_per_kwh: What a kWh costs per interval. Shape (N,).
        later_price_per_kwh: What it costs while the energy comes back; None for the same.
        direction: Which way consumption is moved.

    Returns:
        Prices per MWh, two decimals, 0 or more. Shape (N,).

    Example:
        >>> job = OpportunityCost(lost_value_per_kwh=Decimal("0.90"))
        >>> reservation_prices_per_mwh(job, [Decimal("0.60"), Decimal("0.30"), Decimal("1.20")])
        (Decimal('300.00'), Decimal('600.00'), Decimal('0.00'))
    """
    return tuple(price_per_mwh(cost.at(price, later_price_per_kwh, direction)) for price in prices_per_kwh)


def priced_over(
    offer: Offer, prices_per_kwh: Sequence[Decimal], later_price_per_kwh: Decimal | None = None
) -> Offer:
    """Price an offer by what power costs in each interval of its window.

    Args:
        offer: What a model offers, priced at a flat tariff, with the cost it was priced from.
        prices_per_kwh: What a kWh costs the site in each delivery interval. Shape (N,).
        later_price_per_kwh: What it costs while the energy comes back; None for the same.

    Returns:
        A divisible offer with a price per interval; its single price is the highest of those in which
        something is offered, so that whoever knows only that one loses nothing. An indivisible offer has
        one price: the mean cost, weighted by energy. An offer that does not say what its price was made
        of is returned as it is.

    Raises:
        InvalidInput: There is not one price per interval.

    Example:
        >>> gpu = Offer("gpu", (10.0, 10.0), Decimal(300), True, 0.0, None, 0.0, 0, 0.0, Decimal(0), 0.9,
        ...     cost=OpportunityCost(lost_value_per_kwh=Decimal("0.90")))
        >>> priced_over(gpu, [Decimal("0.60"), Decimal("0.30")]).prices_per_mwh
        (Decimal('300.00'), Decimal('600.00'))
    """
    if len(prices_per_kwh) != len(offer.reduction_kw):
        raise InvalidInput(
            f"prices_per_kwh has {len(prices_per_kwh)} values, expected {len(offer.reduction_kw)},"
            f" one per interval of the offer of {offer.resource_id}"
        )
    if offer.cost is None:
        return offer
    if not offer.divisible:
        weights = [exact_ratio(kw) for kw in offer.reduction_kw]
        costs = [offer.cost.at(price, later_price_per_kwh, offer.direction) for price in prices_per_kwh]
        mean = sum((kw * cost for kw, cost in zip(weights, costs, strict=True)), Decimal(0)) / sum(weights)
        return replace(offer, price_per_mwh=price_per_mwh(mean), prices_per_mwh=())
    prices = reservation_prices_per_mwh(offer.cost, prices_per_kwh, later_price_per_kwh, offer.direction)
    asked = [price for price, kw in zip(prices, offer.reduction_kw, strict=True) if kw > 0.0]
    return replace(offer, price_per_mwh=max(asked), prices_per_mwh=prices if len(set(prices)) > 1 else ())


def priced_by(offer: Offer, prices: SitePrices, start: datetime, step: timedelta) -> Offer:
    """Price an offer by a site's prices in its window, and after it, where its energy comes back.

    Args:
        offer: What a model offers, with the cost it was priced from.
        prices: The site's prices of power.
        start: Start of the window, UTC.
        step: Length of a delivery interval.

    Returns:
        As `priced_over`; the energy comes back at the mean price of the offer's recovery intervals.

    Raises:
        InvalidInput: The tariff does not hold in the window, or while the energy comes back.
    """
    if offer.cost is None:
        return offer
    count = len(offer.reduction_kw)
    during = prices.prices_over(start, step, count, offer.resource_id)
    later = None
    if offer.cost.recovery_ratio and offer.recovery_intervals:
        end = start + count * step
        later = prices.mean_price(Interval(end, end + offer.recovery_intervals * step), offer.resource_id)
    return priced_over(offer, during, later)
