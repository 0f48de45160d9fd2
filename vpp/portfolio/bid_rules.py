"""What a bid for a product must look like."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from vpp.portfolio.pay_parts import Part


class BidRules(Part):
    """What a bid must look like.

    Attributes:
        min_bid_kw: Smallest bid, kW.
        increment_kw: Bids are whole multiples of this, kW; 0 means any size.
        price_floor_per_mwh: Lowest price of a bid.
        price_cap_per_mwh: Highest price of a bid, and the value of unserved target.
        max_bid_kw: Largest bid, kW; None for any size.
    """

    min_bid_kw: float = Field(ge=0, allow_inf_nan=False)
    increment_kw: float = Field(ge=0, allow_inf_nan=False)
    price_floor_per_mwh: Decimal
    price_cap_per_mwh: Decimal
    max_bid_kw: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        faults = []
        if self.price_cap_per_mwh <= self.price_floor_per_mwh:
            faults.append(
                f"price_cap_per_mwh is {self.price_cap_per_mwh}, expected above price_floor_per_mwh "
                f"{self.price_floor_per_mwh}"
            )
        least_kw = max(self.min_bid_kw, self.increment_kw)
        if self.max_bid_kw is not None and self.max_bid_kw < least_kw:
            faults.append(
                f"max_bid_kw is {self.max_bid_kw:g}, expected at least {least_kw:g}, which is min_bid_kw or "
                "increment_kw"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self
