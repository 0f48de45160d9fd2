"""Which share of a site's consumption is covered by certificates of one megawatt hour.

With consumption C kWh and n certificates:

    share   = min(1, floor(100 * n * 1000 / C) / 100)
    n(share) = ceil(share * C / 1000)

Cut down, never rounded up: a share that is told has been paid for. Where readings are missing, C is what was
read and, for each hour without a reading, what the connection carries at most; so the true share is never
below the one that is told.

Source:
    Check case C7: green share with certificates of 1 MWh; integer certificates, share cut to two decimals.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from vpp.foundation.errors import InvalidInput

KWH_PER_CERTIFICATE = Decimal(1000)
SHARE_STEP = Decimal("0.01")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class GreenShare:
    """How green a site's consumption in a period was.

    Attributes:
        site_id: The site.
        period: Civil month at the site, YYYY-MM.
        metered_kwh: Consumption that was read, kWh; feeding in counts nothing.
        month_hours: Hours of the period.
        gap_hours: Hours of them without a reading.
        counted_kwh: Consumption that the share is told of, kWh: `metered_kwh` and the most that the
            connection carries in the gaps.
        allocated: Certificates set aside for it, which may be taken back.
        retired: Certificates used up for it.
    """

    site_id: str
    period: str
    metered_kwh: Decimal
    month_hours: Decimal
    gap_hours: Decimal
    counted_kwh: Decimal
    allocated: int
    retired: int

    @property
    def certificates(self) -> int:
        """Certificates that count, MWh."""
        return self.allocated + self.retired

    @property
    def gap_ratio(self) -> float:
        """Share of the period without a reading, 0..1."""
        return float(self.gap_hours / self.month_hours)

    @property
    def share_ratio(self) -> Decimal | None:
        """Covered share of consumption, cut to two decimals, at most 1; None where nothing was consumed."""
        return share_ratio(self.certificates, self.counted_kwh)

    @property
    def uncovered_kwh(self) -> Decimal:
        """Consumption without a certificate, kWh."""
        return max(ZERO, self.counted_kwh - self.certificates * KWH_PER_CERTIFICATE)

    @property
    def left_over_kwh(self) -> Decimal:
        """What certificates hold beyond consumption, kWh; it is lost once they are retired."""
        return max(ZERO, self.certificates * KWH_PER_CERTIFICATE - self.counted_kwh)


def share_ratio(certificates: int, consumed_kwh: Decimal) -> Decimal | None:
    """Return the share of consumption that certificates cover, cut to two decimals, at most 1.

    Args:
        certificates: How many, 0 or more.
        consumed_kwh: Consumption, kWh, 0 or more.

    Returns:
        The share, or None where nothing was consumed.

    Example:
        >>> share_ratio(801, Decimal("1000400")), share_ratio(800, Decimal("1000400"))
        (Decimal('0.80'), Decimal('0.79'))
    """
    if consumed_kwh <= 0:
        return None
    hundredths = 100 * certificates * KWH_PER_CERTIFICATE // consumed_kwh  # whole, and exact
    return min(Decimal(100), hundredths).scaleb(-2)


def certificates_for(share: Decimal, consumed_kwh: Decimal) -> int:
    """Return the fewest certificates with which a share may be told.

    Args:
        share: The share, 0..1, of at most two decimals.
        consumed_kwh: Consumption, kWh, 0 or more.

    Raises:
        InvalidInput: The share is not from 0 to 1 or has more than two decimals.

    Example:
        >>> certificates_for(Decimal("0.80"), Decimal("1000400"))
        801
    """
    if not 0 <= share <= 1 or share % SHARE_STEP:
        raise InvalidInput(
            f"share_ratio is {share}, expected 0 to 1 with at most two decimals", share_ratio=str(share)
        )
    exact = share * consumed_kwh / KWH_PER_CERTIFICATE
    return int(exact.to_integral_value(ROUND_CEILING))
