"""Power bought ahead: what of it a kWh not drawn still saves."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.errors import InvalidInput


class ContractKind(enum.Enum):
    """How a contract is paid.

    Attributes:
        AS_CONSUMED: What is drawn is paid at the contract's price; what is not drawn is not paid.
        TAKE_OR_PAY: The volume is paid whether it is drawn or not; what is not drawn may be resold.
    """

    AS_CONSUMED = "as_consumed"
    TAKE_OR_PAY = "take_or_pay"


@dataclass(frozen=True, slots=True)
class ContractPosition:
    """A share of the site's consumption whose price was fixed ahead: a forward, or a green PPA.

    Attributes:
        contract_id: Its name.
        kind: How it is paid.
        share_ratio: Share of a marginal kWh that it covers, above 0 and at most 1.
        price_per_kwh: The contract's price.
        resale_per_kwh: What a kWh that was paid and is not drawn earns; only with take or pay.
        is_green: Whether it is green power, for the records; no effect on the cost.

    Source:
        Requirements F20 and F22 of this project: positions and PPAs enter the opportunity cost and are
        not traded by the hub.
    """

    contract_id: str
    kind: ContractKind
    share_ratio: Decimal
    price_per_kwh: Decimal
    resale_per_kwh: Decimal = Decimal(0)
    is_green: bool = False

    def __post_init__(self) -> None:
        """Refuse a share of nothing or of more than all, and amounts that are not finite."""
        if not self.share_ratio.is_finite() or not 0 < self.share_ratio <= 1:
            raise InvalidInput(
                f"{self.contract_id}.share_ratio is {self.share_ratio}, expected above 0 and at most 1"
            )
        for field in ("price_per_kwh", "resale_per_kwh"):
            if not getattr(self, field).is_finite():
                raise InvalidInput(
                    f"{self.contract_id}.{field} is {getattr(self, field)}, expected an amount"
                )
        if self.kind is ContractKind.AS_CONSUMED and self.resale_per_kwh:
            raise InvalidInput(f"{self.contract_id}.resale_per_kwh is given, expected only with take_or_pay")

    @property
    def avoided_per_kwh(self) -> Decimal:
        """What a kWh of it that is not drawn saves or earns."""
        return self.price_per_kwh if self.kind is ContractKind.AS_CONSUMED else self.resale_per_kwh


def check_shares(contracts: Sequence[ContractPosition]) -> None:
    """Refuse contracts that cover more than the whole consumption.

    Raises:
        InvalidInput: Their shares add up to more than 1.
    """
    total = sum((each.share_ratio for each in contracts), Decimal(0))
    if total > 1:
        raise InvalidInput(f"contracts cover {total} of the consumption, expected 1 at most")


def avoided_price(market_per_kwh: Decimal, contracts: Sequence[ContractPosition]) -> Decimal:
    """Return what a kWh that is not drawn saves, part of it being bought ahead.

    Example:
        >>> wind = ContractPosition("wind", ContractKind.TAKE_OR_PAY, Decimal("0.4"), Decimal("0.35"))
        >>> avoided_price(Decimal("0.60"), [wind])
        Decimal('0.360')
    """
    open_ratio = 1 - sum((each.share_ratio for each in contracts), Decimal(0))
    fixed = sum((each.share_ratio * each.avoided_per_kwh for each in contracts), Decimal(0))
    return open_ratio * market_per_kwh + fixed
