"""What a product's delivery is worth: the shorthand that most products need, and the parts behind it."""

import enum
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vpp.portfolio.pay_parts import (
    AvailabilityTerms,
    BudgetTerms,
    LimitTerms,
    Multiple,
    Part,
    PenaltyTerms,
    Ratio,
    ResponsePoint,
    ResponseTable,
    ShareTerms,
)


class PayRule(enum.Enum):
    """How the price of an award is set."""

    AS_BID = "as_bid"
    AS_CLEAR = "as_clear"
    FIXED = "fixed"


class MoneyRules(Part):
    """What delivery is worth.

    The bands, `penalty_formula_id` with `penalty_ratio`, `availability_price_per_kw_h` and
    `aggregator_fee_ratio` are shorthand for parts; where a part is given, its shorthand does not count.
    Whoever settles reads the parts alone: `response_table`, `penalty_terms`, `availability_terms` and
    `share_terms`.

    Attributes:
        currency: ISO 4217 code.
        pay_rule: How the price is set.
        fixed_price_per_mwh: The price where `pay_rule` is fixed.
        band_low_ratio: Below this share of the commitment an interval earns nothing.
        band_full_ratio: From this share of the commitment on there is no penalty.
        band_cap_ratio: Delivery above this multiple of the commitment earns nothing more.
        penalty_formula_id: `none`, `shortfall_at_price`, or `parts` where `penalty` says it.
        penalty_ratio: Penalty per shortfall kWh as a multiple of the price, with `shortfall_at_price`.
        availability_price_per_kw_h: Paid per awarded kW and hour, whether called or not.
        aggregator_fee_ratio: Share of energy and availability payments the aggregator keeps.
        commitment: What delivery is held against: the `target` that was instructed, or the `award`, as far as
            it was called: more than was sold is not asked for, and who was told to do less falls short of
            nothing.
        judged_over: Whether bands and penalties judge each settlement `interval`, or the whole `event`.
        measured_as: Whether each `site` is judged by itself, or the `aggregate` of an event's sites, whose
            result is then shared in proportion to what each delivered.
        pays_energy: Whether delivered energy is paid; not where readiness alone is bought.
        price_factor: Factor on the award's price, for example for short notice.
        rounding: `line` rounds every amount; `event` also rounds what the operator owes for the event as a
            whole once, and books the difference to the aggregator's rounding account.
        response: Response table in place of the bands.
        penalty: Penalty, with `penalty_formula_id = "parts"`.
        availability: Availability in place of `availability_price_per_kw_h`.
        share: The aggregator's share in place of `aggregator_fee_ratio`.
        limits: Least and most that is paid.
        budget: What there is to pay out; None for no limit.
    """

    currency: str = Field(pattern="^[A-Z]{3}$")
    pay_rule: PayRule
    fixed_price_per_mwh: Decimal | None = None
    band_low_ratio: Ratio = Decimal(0)
    band_full_ratio: Ratio = Decimal(0)
    band_cap_ratio: Annotated[Decimal, Field(ge=1, le=10)] = Decimal(1)
    penalty_formula_id: Literal["none", "shortfall_at_price", "parts"]
    penalty_ratio: Multiple = Decimal(0)
    availability_price_per_kw_h: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    aggregator_fee_ratio: Ratio = Decimal(0)
    commitment: Literal["target", "award"] = "target"
    judged_over: Literal["interval", "event"] = "interval"
    measured_as: Literal["site", "aggregate"] = "site"
    pays_energy: bool = True
    price_factor: Multiple = Decimal(1)
    rounding: Literal["line", "event"] = "line"
    response: ResponseTable | None = None
    penalty: PenaltyTerms | None = None
    availability: AvailabilityTerms | None = None
    share: ShareTerms | None = None
    limits: LimitTerms = LimitTerms()
    budget: BudgetTerms | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = []
        if self.band_full_ratio < self.band_low_ratio:
            faults.append(
                f"band_full_ratio is {self.band_full_ratio}, expected at least band_low_ratio "
                f"{self.band_low_ratio}"
            )
        if (self.pay_rule is PayRule.FIXED) != (self.fixed_price_per_mwh is not None):
            faults.append(
                f"pay_rule is {self.pay_rule.value} and fixed_price_per_mwh "
                f"{_shown(self.fixed_price_per_mwh)}, expected a price with fixed, and only with it"
            )
        if (self.penalty_formula_id == "parts") != (self.penalty is not None):
            has = "absent" if self.penalty is None else "there"
            faults.append(
                f"penalty_formula_id is {self.penalty_formula_id} and the group penalty is {has}, expected "
                "the group with parts, and only with them"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def response_table(self) -> ResponseTable:
        """Which share of the commitment is paid at which delivery."""
        if self.response is not None:
            return self.response
        low, cap = self.band_low_ratio, self.band_cap_ratio
        corners = [(low, Decimal(0)), (low, low), (cap, cap)] if low else [(low, low), (cap, cap)]
        return ResponseTable(
            points=tuple(ResponsePoint(delivered_ratio=at, paid_ratio=paid) for at, paid in corners)
        )

    @property
    def band(self) -> tuple[Decimal, Decimal, Decimal]:
        """Shares of the commitment from which delivery is paid, is not penalised, and is paid no more.

        The shorthand's three ratios, or what the parts that replace it come to.
        """
        points, penalty = self.response_table.points, self.penalty_terms
        low = points[0].delivered_ratio
        for point in points:
            if point.paid_ratio:
                break
            low = point.delivered_ratio
        cap = points[-1].delivered_ratio
        for point in reversed(points):
            if point.paid_ratio != points[-1].paid_ratio:
                break
            cap = point.delivered_ratio
        return low, penalty.threshold_ratio if penalty is not None else self.band_full_ratio, cap

    @property
    def penalty_terms(self) -> PenaltyTerms | None:
        """What a shortfall costs; None where it costs nothing."""
        if self.penalty_formula_id == "shortfall_at_price":
            return PenaltyTerms(threshold_ratio=self.band_full_ratio, price_ratio=self.penalty_ratio)
        return self.penalty

    @property
    def availability_terms(self) -> AvailabilityTerms | None:
        """What standing ready is paid; None where it is not."""
        if self.availability is None and self.availability_price_per_kw_h > 0:
            return AvailabilityTerms(price_per_kw_h=self.availability_price_per_kw_h)
        return self.availability

    @property
    def share_terms(self) -> ShareTerms:
        """What of a site's payments the aggregator keeps."""
        return self.share or ShareTerms(ratio=self.aggregator_fee_ratio)


def _shown(price: Decimal | None) -> str:
    return "is absent" if price is None else f"is {price}"
