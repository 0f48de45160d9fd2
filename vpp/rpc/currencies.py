"""Prices are stored as numbers; the wire also says in which currency. The product decides."""

from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.viewing import currency_of_event, currency_of_product


class Currencies:
    """Looks up the currency of a product or an event, each once: it never changes.

    Called from several threads; at worst two of them look up the same thing.
    """

    def __init__(self, units: UnitOfWorkFactory) -> None:
        """Keep where products and events are stored."""
        self._units = units
        self._of_product: dict[str, str] = {}
        self._of_event: dict[str, str] = {}

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
