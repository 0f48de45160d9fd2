"""What stored numbers leave to the product: the currency of prices, the interval that runs count."""

from datetime import timedelta

from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.viewing import (
    currency_of_event,
    currency_of_product,
    interval_of_auction,
    interval_of_product,
)


class Currencies:
    """Looks up the currency and the interval of a product or an event, each once: they never change.

    Called from several threads; at worst two of them look up the same thing.
    """

    def __init__(self, units: UnitOfWorkFactory) -> None:
        """Keep where products and events are stored."""
        self._units = units
        self._of_product: dict[str, str] = {}
        self._of_event: dict[str, str] = {}
        self._interval_of: dict[tuple[str | None, str], timedelta] = {}

    def of_product(self, product_id: str) -> str:
        """Return the currency of a product's prices."""
        if product_id not in self._of_product:
            self._of_product[product_id] = currency_of_product(self._units, product_id)
        return self._of_product[product_id]

    def of_event(self, event_id: str) -> str:
        """Return the currency of an event's prices."""
        if event_id not in self._of_event:
            self._of_event[event_id] = currency_of_event(self._units, event_id)
        return self._of_event[event_id]

    def interval_of(self, auction_id: str | None, product_id: str) -> timedelta:
        """Return the length of a delivery interval of an auction, or of what calls standing bids.

        Args:
            auction_id: The auction; None for a standing bid.
            product_id: The product of a standing bid; not looked at with an auction.
        """
        key = (auction_id, product_id)
        if key not in self._interval_of:
            self._interval_of[key] = (
                interval_of_product(self._units, product_id)
                if auction_id is None
                else interval_of_auction(self._units, auction_id)
            )
        return self._interval_of[key]
