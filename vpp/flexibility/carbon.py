"""Carbon: what a kWh emits, what that costs the site, and what a change of load avoids.

    avoided = sum over n of reduced_n x EF_n - returned_n x EF_n          kg

where EF is the emission factor of the grid the energy is drawn from, stated with every figure. An average
factor tells what is booked to a consumer, a marginal one what the grid emits less; which one it is, is part
of what is stated.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.flexibility.bounds import check_within, hours_of
from vpp.flexibility.price_series import PriceSeries
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

KG_PER_TONNE = 1000


class FactorKind(enum.Enum):
    """What an emission factor means.

    Attributes:
        AVERAGE: Emissions of the grid over its generation: what is booked to a consumer.
        MARGINAL: Emissions of the plant that follows the load: what a change avoids.
    """

    AVERAGE = "average"
    MARGINAL = "marginal"


@dataclass(frozen=True, slots=True)
class EmissionFactor:
    """What a kWh drawn from a grid emits.

    Attributes:
        source: Who says so, for whom and when; stands beside every figure made with it.
        kind: Average or marginal.
        kg_per_kwh: At all hours where no series says otherwise, kg CO2e per kWh, 0 or more.
        series: Hour by hour, kg CO2e per kWh; None for none.
    """

    source: str
    kind: FactorKind
    kg_per_kwh: Decimal
    series: PriceSeries | None = None

    def __post_init__(self) -> None:
        """Refuse a factor without a source, and one below 0."""
        if not self.source.strip():
            raise InvalidInput("source of an emission factor is empty, expected who published it")
        known = [] if self.series is None else [each for each in self.series.values if each is not None]
        for value in (self.kg_per_kwh, *known):
            if not value.is_finite() or value < 0:
                raise InvalidInput(f"kg_per_kwh is {value}, expected 0 or more")

    def at(self, instant: datetime) -> Decimal:
        """Return the factor at an instant, kg per kWh."""
        known = None if self.series is None else self.series.at(instant)
        return self.kg_per_kwh if known is None else known

    def edges(self, span: Interval) -> Iterator[datetime]:
        """Yield the instants inside a span at which it may change."""
        if self.series is not None:
            yield from self.series.edges(span)


@dataclass(frozen=True, slots=True)
class CarbonPrice:
    """What emitting costs the site: an obligation, or a price it sets itself.

    Attributes:
        factor: What a kWh emits.
        price_per_tonne: Per 1000 kg CO2e, in the site's currency, 0 or more.
    """

    factor: EmissionFactor
    price_per_tonne: Decimal

    def __post_init__(self) -> None:
        """Refuse a price below 0."""
        if not self.price_per_tonne.is_finite() or self.price_per_tonne < 0:
            raise InvalidInput(f"price_per_tonne is {self.price_per_tonne}, expected 0 or more")

    def per_kwh(self, instant: datetime) -> Decimal:
        """Return what the emissions of a kWh cost at an instant.

        Example:
            >>> from datetime import UTC
            >>> grid = EmissionFactor("made up", FactorKind.AVERAGE, Decimal("0.5"))
            >>> CarbonPrice(grid, Decimal(80)).per_kwh(datetime(2026, 7, 1, tzinfo=UTC))
            Decimal('0.04')
        """
        return self.factor.at(instant) * self.price_per_tonne / KG_PER_TONNE


def avoided_kg(
    factor: EmissionFactor, start: datetime, step: timedelta, reduction_kw: Sequence[float]
) -> Decimal:
    """Return the emissions that a change of consumption avoids, kg CO2e.

    Args:
        factor: What a kWh emits.
        start: Start of the first interval, UTC.
        step: Length of an interval; the factor at its start holds for all of it.
        reduction_kw: Change per interval, kW: positive is a reduction, negative what is drawn again.
            Shape (N,).

    Returns:
        Kilograms, negative where more is emitted than before.

    Raises:
        InvalidInput: A value is not finite.

    Example:
        >>> from datetime import UTC
        >>> grid = EmissionFactor("made up", FactorKind.AVERAGE, Decimal("0.8"))
        >>> avoided_kg(grid, datetime(2026, 7, 1, tzinfo=UTC), timedelta(hours=1), [100.0, 50.0, -100.0])
        Decimal('40.000')
    """
    hours = Decimal(repr(hours_of(step)))
    total = Decimal(0)
    for n, change_kw in enumerate(reduction_kw):
        check_within(abs(change_kw), "reduction_kw")
        total += Decimal(repr(float(change_kw))) * hours * factor.at(start + n * step)
    return total
