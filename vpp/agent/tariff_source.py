"""What a kWh costs the site, as of now: its files are read again when they have changed."""

import logging
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from vpp.agent.tariff_table import TariffTable
from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_calendar import TariffCalendar
from vpp.flexibility.tariff_periods import TariffPeriod
from vpp.foundation.errors import InvalidInput

log = logging.getLogger(__name__)
Stamp = tuple[tuple[int, int] | None, ...]


@lru_cache(maxsize=16)
def flat_prices(tariff_per_kwh: Decimal, currency: str) -> SitePrices:
    """Return one price for all hours: what a site without a `[tariff]` pays.

    A calendar is checked hour by hour, which takes a while, and each part of an agent asks for it.

    Example:
        >>> from datetime import UTC, datetime
        >>> flat_prices(Decimal("0.18"), "GBP").price_at(datetime(2026, 7, 1, tzinfo=UTC))
        Decimal('0.18')
    """
    always = TariffPeriod("flat", tariff_per_kwh)
    return SitePrices(TariffCalendar("flat", currency, civil_place("UTC"), (always,)))


class TariffSource:
    """Keeps the site's prices of power up to date.

    Attributes:
        currency: ISO 4217 code of all prices.
    """

    def __init__(self, table: TariffTable | None, folder: Path, flat: SitePrices) -> None:
        """Read the files.

        Args:
            table: The configuration's `[tariff]`; None to use the flat price.
            folder: The configuration's folder.
            flat: What holds without a table, and in whose currency the site bids.

        Raises:
            InvalidInput: A file cannot be used, or the tariff's currency is not the one the site bids in.
        """
        self.currency = flat.currency
        self._table, self._folder = table, folder
        self._stamp = self._stamp_now()
        self._prices = flat if table is None else self._read(table)

    def prices(self) -> SitePrices:
        """Return the prices as the files give them now.

        A file that has become unreadable changes nothing: the prices read before stand, and the log
        says so once per change.
        """
        stamp = self._stamp_now()
        if self._table is not None and stamp != self._stamp:
            self._stamp = stamp
            try:
                self._prices = self._read(self._table)
            except InvalidInput as error:
                log.warning("the tariff stays as it was: %s", error)
            else:
                log.info("the tariff's files have changed and were read again")
        return self._prices

    def _read(self, table: TariffTable) -> SitePrices:
        prices = table.prices(self._folder)
        if prices.currency != self.currency:
            raise InvalidInput(
                f"tariff.file is in {prices.currency}, expected {self.currency}, in which the site bids",
                currency=prices.currency,
            )
        return prices

    def _stamp_now(self) -> Stamp:
        """Return when each file was written last, and its size; None for one that is not there."""
        files = () if self._table is None else self._table.files(self._folder)
        stamps: list[tuple[int, int] | None] = []
        for file in files:
            try:
                facts = file.stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((facts.st_mtime_ns, facts.st_size))
        return tuple(stamps)
