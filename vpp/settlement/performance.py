"""What one settlement interval earned and what it is charged for."""

import enum
from decimal import Decimal
from typing import NamedTuple

from vpp.settlement.shared_figures import GroupFigures


class BandCode(enum.Enum):
    """Where a delivery lies against its commitment.

    Attributes:
        BELOW_LOW: Below the lowest paid share: earns nothing.
        PARTIAL: Paid, but below the share from which there is no penalty.
        FULL: Paid in full.
        CAPPED: Above the cap; what lies above earns nothing.
        NO_DATA: Not judged: neither payment nor penalty.
    """

    BELOW_LOW = "below_low"
    PARTIAL = "partial"
    FULL = "full"
    CAPPED = "capped"
    NO_DATA = "no_data"


class Performance(NamedTuple):
    """What one settlement interval earned, before any fee and before limits on amounts.

    Attributes:
        payable_kwh: Paid energy, kWh, 0 or more, at most the cap.
        band_code: Where the delivery lies against its commitment; of the whole group, where a group is
            judged.
        price_per_mwh: Its price, to six places.
        energy_amount: Payment for it, rounded to the minor unit.
        penalty_basis_kwh: Shortfall that is charged for, kWh, 0 or more.
        penalty_price_per_mwh: Price of the shortfall, 0 or more, to six places.
        penalty_amount: Charge for it, 0 or more, rounded to the minor unit.
        note: Why nothing is paid or charged, or what else a reader needs to know.
        group: What was judged, where it was more than this interval: an event, or all sites of one.
    """

    payable_kwh: Decimal
    band_code: BandCode
    price_per_mwh: Decimal
    energy_amount: Decimal
    penalty_basis_kwh: Decimal
    penalty_price_per_mwh: Decimal
    penalty_amount: Decimal
    note: str = ""
    group: GroupFigures | None = None
