r"""What a kWh costs a site at any instant: what it saves by not drawing it, or pays for drawing one more.

    tau_n(r) = (1 - sum s_c) (1 - f q_r) m_n  +  sum s_c a_c  +  EF_n pi

m_n is the supplier's price (`tariff_calendar`), f the share of it that a subsidy pays and q_r the eligible
share of the sub-meter of resource r (`tariff_subsidy`), s_c the share of contract c and a_c what a kWh of it
that is not drawn saves (`contract_position`), EF_n the emission factor and pi the price of carbon (`carbon`).

Source:
    Requirements F11, F20, F22 and F37 of this project; the composition is by design.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.flexibility.carbon import CarbonPrice
from vpp.flexibility.contract_position import ContractPosition, avoided_price, check_shares
from vpp.flexibility.interval_means import interval_means
from vpp.flexibility.tariff_calendar import TariffCalendar
from vpp.flexibility.tariff_subsidy import Subsidy
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class SitePrices:
    """The marginal price of power of one site.

    Attributes:
        tariff: What the supplier asks.
        subsidy: What somebody else pays of it; None for nothing.
        contracts: What was bought ahead.
        carbon: What emissions cost; None for nothing.
    """

    tariff: TariffCalendar
    subsidy: Subsidy | None = None
    contracts: tuple[ContractPosition, ...] = ()
    carbon: CarbonPrice | None = None

    def __post_init__(self) -> None:
        """Refuse contracts that cover more than the whole consumption."""
        check_shares(self.contracts)

    @property
    def currency(self) -> str:
        """ISO 4217 code of all prices."""
        return self.tariff.currency

    def price_at(self, instant: datetime, resource_id: str | None = None) -> Decimal:
        """Return what a kWh costs at an instant, in the site's currency.

        Args:
            instant: UTC.
            resource_id: The resource that would not draw it; None for the site's average kWh.

        Raises:
            InvalidInput: The tariff does not hold then.
        """
        price = self.tariff.price_at(instant)
        if self.subsidy is not None:
            price *= self.subsidy.price_ratio(resource_id)
        if self.contracts:
            price = avoided_price(price, self.contracts)
        return price if self.carbon is None else price + self.carbon.per_kwh(instant)

    def prices_over(
        self, start: datetime, step: timedelta, count: int, resource_id: str | None = None
    ) -> tuple[Decimal, ...]:
        """Return the mean price of each interval of a horizon.

        Args:
            start: Start of the first interval, UTC.
            step: Length of an interval.
            count: Number of intervals, N; at least 1.
            resource_id: The resource that would not draw the energy; None for the site's average kWh.

        Returns:
            Prices per kWh, not rounded. Shape (N,).

        Raises:
            InvalidInput: The tariff does not hold in some interval.
        """
        return interval_means(start, step, count, self._edges, lambda at: self.price_at(at, resource_id))

    def mean_price(self, span: Interval, resource_id: str | None = None) -> Decimal:
        """Return the mean price over a span, for energy that comes back some time within it."""
        return self.prices_over(span.start, span.duration, 1, resource_id)[0]

    def _edges(self, span: Interval) -> Iterator[datetime]:
        yield from self.tariff.edges(span)
        if self.carbon is not None:
            yield from self.carbon.factor.edges(span)
