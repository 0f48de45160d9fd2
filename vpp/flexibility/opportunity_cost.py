r"""What a changed kWh costs the site once its price of power is known: the reservation price.

With all quantities per kWh changed at the point of connection, interval n of shape (N,):

    down:  c_n = v + w + d + r p' - p_n        less is drawn now, r of it again later
    up:    c_n = v + w + d - r p' + p_n        more is drawn now, r of it less later
    price_n = max(0, c_n), rounded up (`vpp.flexibility.interval_prices`)

where v is the value of the work or use that is lost for good, w wear, d the cost of being late, r the
energy that comes back per kWh changed, p_n what a kWh costs in interval n (tariff, contracts, subsidy and
carbon: `vpp.flexibility.site_prices`), and p' what it costs while it comes back.

For a reduction, c_n falls by one for every one that p_n rises: cheaper power makes flexibility dearer.
Halving the tariff of a job worth 0.90 from 0.60 to 0.30 lifts its price from 0.30 to 0.60. A store is
different: it buys back r > 1 of what it gave, so that cheap power at all hours makes its losses cheaper.

Source:
    Rule "net cost of a curtailed kWh = job value - tariff": check case C6 of this project. Wear, lateness
    and the energy that comes back: by design of this project.
"""

from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpportunityCost:
    """What a kWh changed costs the site, before the price of the power itself.

    All amounts in the site's currency, per kWh changed at the point of connection.

    Attributes:
        lost_value_per_kwh: Value of work or of other use that is lost for good.
        wear_per_kwh: What it takes from the equipment's life.
        lateness_per_kwh: What being late costs.
        recovery_ratio: Energy drawn again later per kWh saved, or saved later per kWh drawn; only as far
            as `lost_value_per_kwh` does not count that work as lost.

    Example:
        >>> job = OpportunityCost(lost_value_per_kwh=Decimal("0.90"))
        >>> job.at(Decimal("0.60")), job.at(Decimal("0.30"))
        (Decimal('0.30'), Decimal('0.60'))
        >>> store = OpportunityCost(wear_per_kwh=Decimal("0.16"), recovery_ratio=Decimal("1.25"))
        >>> store.at(Decimal("1.00"), Decimal("0.20"))
        Decimal('-0.5900')
    """

    lost_value_per_kwh: Decimal = ZERO
    wear_per_kwh: Decimal = ZERO
    lateness_per_kwh: Decimal = ZERO
    recovery_ratio: Decimal = ZERO

    def __post_init__(self) -> None:
        """Refuse amounts that are not finite, and energy that comes back negatively."""
        for field in ("lost_value_per_kwh", "wear_per_kwh", "lateness_per_kwh", "recovery_ratio"):
            if not getattr(self, field).is_finite():
                raise InvalidInput(f"{field} is {getattr(self, field)}, expected a finite amount")
        if self.recovery_ratio < 0:
            raise InvalidInput(f"recovery_ratio is {self.recovery_ratio}, expected 0 or more")

    @property
    def own_per_kwh(self) -> Decimal:
        """What it costs whatever power costs."""
        return self.lost_value_per_kwh + self.wear_per_kwh + self.lateness_per_kwh

    def at(
        self,
        price_per_kwh: Decimal,
        later_price_per_kwh: Decimal | None = None,
        direction: Direction = Direction.LOAD_DOWN,
    ) -> Decimal:
        """Return the net cost of a changed kWh; negative where the change pays for itself.

        Args:
            price_per_kwh: What a kWh costs while consumption is changed.
            later_price_per_kwh: What it costs while the energy comes back; None for the same.
            direction: Which way consumption is moved.
        """
        later = price_per_kwh if later_price_per_kwh is None else later_price_per_kwh
        power = self.recovery_ratio * later - price_per_kwh
        return self.own_per_kwh + (power if direction is Direction.LOAD_DOWN else -power)

    def parts(
        self,
        price_per_kwh: Decimal,
        later_price_per_kwh: Decimal | None = None,
        direction: Direction = Direction.LOAD_DOWN,
    ) -> dict[str, Decimal]:
        """Return what `at` adds up, for people: the parts' sum is its result.

        Example:
            >>> OpportunityCost(lost_value_per_kwh=Decimal("0.90")).parts(Decimal("0.60"))["power"]
            Decimal('-0.60')
        """
        later = price_per_kwh if later_price_per_kwh is None else later_price_per_kwh
        sign = 1 if direction is Direction.LOAD_DOWN else -1
        return {
            "lost value": self.lost_value_per_kwh,
            "wear": self.wear_per_kwh,
            "lateness": self.lateness_per_kwh,
            "power": -sign * price_per_kwh,
            "power later": sign * self.recovery_ratio * later,
        }
