"""A tariff reduced for part of a site's equipment, as its sub-meters tell the parts apart."""

from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class SubMeter:
    """A meter behind the site's own, and the part of what it counts that is eligible.

    Attributes:
        sub_meter_id: Its name at the site.
        eligible_share_ratio: Share of its consumption that is eligible, 0 to 1.
        site_share_ratio: Its share of the site's whole consumption, 0 to 1.
        resources: Flexible resources behind it.
    """

    sub_meter_id: str
    eligible_share_ratio: Decimal
    site_share_ratio: Decimal
    resources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Subsidy:
    """A share of the price that somebody else pays for eligible consumption.

    Attributes:
        reduction_ratio: Share of the price that is taken off, 0 to 1.
        sub_meters: Where eligible equipment is metered.

    Source:
        Requirement F37 of this project: tariff cut by up to 50 % for centres on domestic chips.

    Example:
        >>> hall = SubMeter("hall-2", Decimal(1), Decimal("0.4"), frozenset({"gpu"}))
        >>> half = Subsidy(Decimal("0.5"), (hall,))
        >>> half.price_ratio("gpu"), half.price_ratio("cooling"), half.price_ratio(None)
        (Decimal('0.5'), Decimal('1.0'), Decimal('0.80'))
    """

    reduction_ratio: Decimal
    sub_meters: tuple[SubMeter, ...]

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1, a site of more than itself, and a resource behind two meters."""
        shares = {"reduction_ratio": self.reduction_ratio}
        for meter in self.sub_meters:
            shares[f"{meter.sub_meter_id}.eligible_share_ratio"] = meter.eligible_share_ratio
            shares[f"{meter.sub_meter_id}.site_share_ratio"] = meter.site_share_ratio
        shares["sum of site_share_ratio"] = sum(
            (meter.site_share_ratio for meter in self.sub_meters), Decimal(0)
        )
        for field, value in shares.items():
            if not value.is_finite() or not 0 <= value <= 1:
                raise InvalidInput(f"{field} is {value}, expected a share from 0 to 1")
        behind = [resource for meter in self.sub_meters for resource in meter.resources]
        twice = sorted({resource for resource in behind if behind.count(resource) > 1})
        if twice:
            raise InvalidInput(f"resources {', '.join(twice)} are behind two sub-meters, expected one")

    def price_ratio(self, resource_id: str | None) -> Decimal:
        """Return the share of the price that is left to pay.

        Args:
            resource_id: For a resource: that of its sub-meter, and all of it where it is behind none;
                None for the site's average kWh.
        """
        if resource_id is None:
            share = sum(
                (meter.site_share_ratio * meter.eligible_share_ratio for meter in self.sub_meters), Decimal(0)
            )
        else:
            share = next(
                (each.eligible_share_ratio for each in self.sub_meters if resource_id in each.resources),
                Decimal(0),
            )
        return 1 - self.reduction_ratio * share
