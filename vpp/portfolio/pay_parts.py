"""The parts that a product's money rules are put together from; each is data, each is tested alone.

What a place pays is a response table, less a penalty, beside availability, within caps and budgets. A new
product chooses and fills parts; no formula is ever read from text.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Ratio = Annotated[Decimal, Field(ge=0, le=1)]
Multiple = Annotated[Decimal, Field(ge=0, le=10)]
NotNegative = Annotated[Decimal, Field(ge=0)]


class Part(BaseModel):
    """A part of a product's rules: frozen, and without fields that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResponsePoint(Part):
    """One corner of a response table.

    Attributes:
        delivered_ratio: Delivery as a share of the commitment.
        paid_ratio: Share of the commitment that is paid at that delivery.
    """

    delivered_ratio: Multiple
    paid_ratio: Multiple


class ResponseTable(Part):
    """Which share of a commitment is paid at which delivery: straight lines between corners.

    Two corners with the same `delivered_ratio` are a step, and at the step itself the later one counts.
    Below the first corner nothing is paid; above the last one no more than there.

    Attributes:
        points: Corners in order of `delivered_ratio`, at least one.
    """

    points: Annotated[tuple[ResponsePoint, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for earlier, later in zip(self.points, self.points[1:], strict=False):
            if later.delivered_ratio < earlier.delivered_ratio:
                raise ValueError(
                    f"points: delivered_ratio {later.delivered_ratio} follows {earlier.delivered_ratio}, "
                    "expected them in order"
                )
        return self


class PenaltyTerms(Part):
    """What a shortfall costs.

    Attributes:
        threshold_ratio: From this share of the commitment on there is no penalty.
        counts: `delivered` compares the delivery itself; `paid` what the response table made of it.
        price_ratio: Price of a missing kWh as a multiple of the award's; None with a price of its own.
        price_per_mwh: The penalty's own price; None with a multiple.
        excess_above_ratio: Delivery beyond this share of the commitment is charged for like a shortfall;
            None where it is not.
        retained_by: Whose the money is.
    """

    threshold_ratio: Multiple
    counts: Literal["delivered", "paid"] = "delivered"
    price_ratio: Multiple | None = None
    price_per_mwh: NotNegative | None = None
    excess_above_ratio: Multiple | None = None
    retained_by: Literal["operator", "aggregator"] = "operator"

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.price_ratio is None) == (self.price_per_mwh is None):
            raise ValueError(
                f"price_ratio is {_shown(self.price_ratio)} and price_per_mwh is "
                f"{_shown(self.price_per_mwh)}, expected one of them, and not both"
            )
        return self


class AvailabilityTerms(Part):
    """What standing ready is paid.

    Attributes:
        price_per_kw_h: Per awarded kW and hour; None pays the award's own price per MW and hour, for
            products that buy readiness and not energy.
        paid: Whether in every interval, only in called ones (with a target), or only in the others.
        by_performance: Multiply with min(1, delivered / commitment) in called intervals.
        within_load: Count the award only as far as the metered load would have allowed it.
    """

    price_per_kw_h: NotNegative | None = None
    paid: Literal["always", "when_called", "when_not_called"] = "always"
    by_performance: bool = False
    within_load: bool = False


class ShareTerms(Part):
    """What of a site's payments the aggregator keeps.

    Attributes:
        kind: `ratio` keeps a share of energy and availability; `floor_and_share` pays the site the floor
            price and a share of what lies above; `fixed_price` pays the site a price of its own. The two
            last ones are about energy alone, of availability nothing is kept.
        ratio: Share that the aggregator keeps, with `ratio`.
        floor_price_per_mwh: With `floor_and_share`.
        site_ratio: The site's share of what lies above the floor, with `floor_and_share`.
        site_price_per_mwh: With `fixed_price`.
    """

    kind: Literal["ratio", "floor_and_share", "fixed_price"] = "ratio"
    ratio: Ratio | None = None
    floor_price_per_mwh: NotNegative | None = None
    site_ratio: Ratio | None = None
    site_price_per_mwh: NotNegative | None = None

    @model_validator(mode="after")
    def _filled(self) -> Self:
        wanted = {
            "ratio": {"ratio"},
            "floor_and_share": {"floor_price_per_mwh", "site_ratio"},
            "fixed_price": {"site_price_per_mwh"},
        }[self.kind]
        fields = ("ratio", "floor_price_per_mwh", "site_ratio", "site_price_per_mwh")
        given = {name for name in fields if getattr(self, name) is not None}
        if given != wanted:
            raise ValueError(
                f"share of kind {self.kind} has {', '.join(sorted(given)) or 'nothing'}, expected "
                f"{', '.join(sorted(wanted))}"
            )
        return self


class LimitTerms(Part):
    """Least and most that is paid.

    Attributes:
        min_paid_kw: A site whose mean delivery over the event is below this is paid no energy.
        max_paid_kw: Delivery above this power is not paid.
        max_amount_per_event: Most that a site is paid for the energy of one event; more is cut in the same
            proportion in every interval.
        peak_below_baseline: Energy is paid only if the event's highest load lies below the baseline's.
        min_mean_reduction_ratio: Energy is paid only if the mean moved by at least this share of the
            baseline; 0 asks for nothing.
    """

    min_paid_kw: NotNegative = Decimal(0)
    max_paid_kw: NotNegative | None = None
    max_amount_per_event: NotNegative | None = None
    peak_below_baseline: bool = False
    min_mean_reduction_ratio: Ratio = Decimal(0)


class BudgetTerms(Part):
    """What there is to pay out; a short budget is cut in the same proportion for all.

    Attributes:
        amount: In the product's currency.
        per: Whether for each event or for each settlement period.
    """

    amount: NotNegative
    per: Literal["event", "period"]


def _shown(value: Decimal | None) -> str:
    return "absent" if value is None else str(value)
