"""What power costs the site, and what its offers cost by it."""

from datetime import datetime, timedelta
from typing import Any

from vpp.agent.increase_offer import increase_offer
from vpp.agent.settings import AgentSettings
from vpp.agent.tariff_source import TariffSource, flat_prices
from vpp.agent.unit import Unit
from vpp.flexibility.interval_prices import priced_by
from vpp.flexibility.offer import Offer
from vpp.flexibility.site_prices import SitePrices
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval


class SiteTariff:
    """Prices the offers of one site."""

    def __init__(self, settings: AgentSettings) -> None:
        """Take the site's tariff; its files are read when a price is asked."""
        bidding = settings.bidding
        self._source = TariffSource(
            settings.tariff, settings.folder, flat_prices(bidding.tariff_per_kwh, bidding.currency)
        )

    def prices(self) -> SitePrices:
        """Return what a kWh costs the site.

        Raises:
            InvalidInput: A file cannot be read, or does not fit the tariff.
        """
        return self._source.prices()

    def offer(
        self,
        unit: Unit[Any],
        state: Any,  # noqa: ANN401  each kind's own
        delivery: Interval,
        step: timedelta,
        direction: Direction = Direction.LOAD_DOWN,
    ) -> Offer | None:
        """Return the first of what a resource can offer for a window; see `offers`."""
        found = self.offers(unit, state, delivery, step, direction)
        return found[0] if found else None

    def offers(
        self,
        unit: Unit[Any],
        state: Any,  # noqa: ANN401  each kind's own
        delivery: Interval,
        step: timedelta,
        direction: Direction = Direction.LOAD_DOWN,
    ) -> tuple[Offer, ...]:
        """Return what a resource can offer for a window, priced by what power costs then.

        All of it together can be held.

        Args:
            unit: The resource.
            state: Its state at the start of the window.
            delivery: The window, a whole number of intervals.
            step: Length of one interval.
            direction: Which way consumption is moved.

        Raises:
            InvalidInput: The resource cannot make an offer of its state, or there is no price.
        """
        prices = self.prices()
        mean = prices.mean_price(delivery, unit.resource_id)
        count = delivery.duration // step
        if direction is Direction.LOAD_UP:
            up = increase_offer(unit, state, count, step, mean)
            found: tuple[Offer, ...] = () if up is None else (up,)
        else:
            found = unit.offers(state, count, step, mean)
        return tuple(priced_by(offer, prices, delivery.start, step) for offer in found)


def one_step(at: datetime, step: timedelta) -> Interval:
    """Return the window of one interval that begins at an instant."""
    return Interval(at, at + step)
