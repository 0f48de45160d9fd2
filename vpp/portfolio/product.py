"""Product profiles: market rules as versioned data, never as code.

Notice, baseline, band and cap differ between places that use the same word for a product, so each
is a field here, filled from a file under `configs/products/` and the baseline rules that it names. A
statement cites the profile's id and version.
"""

import enum
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vpp.foundation.direction import Direction
from vpp.foundation.names import ID_PATTERN
from vpp.portfolio.baseline_method import FirmLevel
from vpp.portfolio.baseline_terms import BaselineTerms
from vpp.portfolio.measurement_terms import MeasurementTerms
from vpp.portfolio.money_rules import MoneyRules
from vpp.portfolio.pay_parts import Part

Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
Span = Annotated[timedelta, Field(ge=timedelta(0))]
PositiveSpan = Annotated[timedelta, Field(gt=timedelta(0))]


class Trigger(enum.Enum):
    """What sets a product in motion."""

    DAY_AHEAD_AUCTION = "day_ahead_auction"
    EMERGENCY = "emergency"


class CallRules(Part):
    """When and how long the product may be called.

    Attributes:
        trigger: What sets the product in motion.
        direction: Which way consumption is asked to move: every power of its bids, events and statements is a
            magnitude in this direction.
        notice_min: Least time between instruction and start.
        min_duration: Shortest event.
        max_duration: Longest event.
        max_events_per_day: Most events a site serves in one UTC day.
        recovery_window: Time after the event in which rebound is watched and limited.
    """

    trigger: Trigger
    direction: Direction
    notice_min: Span
    min_duration: PositiveSpan
    max_duration: PositiveSpan
    max_events_per_day: int = Field(ge=1, le=96)
    recovery_window: Span

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_duration < self.min_duration:
            raise ValueError(f"max_duration {self.max_duration} is below min_duration {self.min_duration}")
        return self


class BidRules(Part):
    """What a bid must look like.

    Attributes:
        min_bid_kw: Smallest bid, kW.
        increment_kw: Bids are whole multiples of this, kW; 0 means any size.
        price_floor_per_mwh: Lowest price of a bid.
        price_cap_per_mwh: Highest price of a bid, and the value of unserved target.
    """

    min_bid_kw: float = Field(ge=0)
    increment_kw: float = Field(ge=0)
    price_floor_per_mwh: Decimal
    price_cap_per_mwh: Decimal

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.price_cap_per_mwh <= self.price_floor_per_mwh:
            raise ValueError("price_cap_per_mwh must be above price_floor_per_mwh")
        return self


class Provenance(Part):
    """Where the rules come from.

    Attributes:
        source_tag: P, S, D or C as in the domain reference; M for parameters nobody has checked.
        source: Title of the source, or what the example is modelled on.
        read_on: When the source was read.
        unverified_fields: Fields whose values were checked against no source.
    """

    source_tag: Literal["P", "S", "D", "C", "M"]
    source: str
    read_on: date
    unverified_fields: tuple[str, ...] = ()


class ProductProfile(Part):
    """One version of a product's rules.

    Attributes:
        product_id: Last part of `products/{product}`.
        version: Counts the versions of this product from 1.
        display_name: Name for people.
        jurisdiction: Country or market.
        status: `example` claims no compliance with any market.
        time_zone: IANA name of the product's civil time.
        settlement_interval: Length of a delivery and settlement interval; divides an hour.
        initial_statement_delay: From an event's measurement to its first statement.
        call: When and how long it may be called.
        bid: What a bid must look like.
        baseline: What counts as the load without the event: whole rules, not their names.
        money: What delivery is worth.
        provenance: Where the rules come from.
        measurement: At which meters delivery is read, and what is reported beside it.
    """

    product_id: Id
    version: int = Field(ge=1)
    display_name: str = Field(min_length=1)
    jurisdiction: str = Field(min_length=2)
    status: Literal["draft", "in_force", "example"]
    time_zone: str
    settlement_interval: PositiveSpan
    initial_statement_delay: Span
    call: CallRules
    bid: BidRules
    baseline: BaselineTerms
    money: MoneyRules
    provenance: Provenance
    measurement: MeasurementTerms = MeasurementTerms()

    @model_validator(mode="after")
    def _divides_an_hour(self) -> Self:
        if timedelta(hours=1) % self.settlement_interval:
            raise ValueError(f"settlement_interval {self.settlement_interval} does not divide an hour")
        return self

    @model_validator(mode="after")
    def _measured_in_its_direction(self) -> Self:
        if self.call.direction is Direction.LOAD_DOWN:
            return self
        for rule in (*self.baseline.rules, *self.baseline.named):
            is_level = isinstance(rule.method, FirmLevel)
            if is_level:
                raise ValueError(
                    f"rule {rule.baseline_id} is a level to stay below, expected with direction load_up one "
                    "that says what the site would have used"
                )
            if rule.adjustment is not None and rule.adjustment.up_only:
                raise ValueError(
                    f"rule {rule.baseline_id} has up_only, which is made for reductions: with direction "
                    "load_up it would only ever take delivery away; expected an adjustment both ways"
                )
        return self
