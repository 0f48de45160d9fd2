"""Product profiles: market rules as versioned data, never as code.

Notice, baseline, band and cap differ between places that use the same word for a product, so each
is a field here, filled from a file under `configs/products/` and the baseline rules that it names. A
statement cites the profile's id and version.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from vpp.foundation.direction import Direction
from vpp.foundation.names import ID_PATTERN
from vpp.portfolio.baseline_method import FirmLevel
from vpp.portfolio.baseline_terms import BaselineTerms
from vpp.portfolio.bid_rules import BidRules
from vpp.portfolio.call_rules import CallRules, Trigger
from vpp.portfolio.measurement_terms import MeasurementTerms
from vpp.portfolio.money_rules import MoneyRules
from vpp.portfolio.pay_parts import Part
from vpp.portfolio.provenance import Provenance
from vpp.portfolio.span_types import PositiveSpan, Span

Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]


def _divides_an_hour(span: timedelta) -> timedelta:
    if timedelta(hours=1) % span:
        raise ValueError(f"{span} does not divide an hour, expected for example PT15M")
    return span


GridStep = Annotated[PositiveSpan, AfterValidator(_divides_an_hour)]


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
        telemetry_interval: Longest metering interval of a site that takes part; None where any will do that
            divides the settlement interval.
        stacking_excludes: Products that a site may not serve beside this one; it holds both ways.
        test_rule: What a resource has to show before it takes part, for people to read.
    """

    product_id: Id
    version: int = Field(ge=1)
    display_name: str = Field(min_length=1)
    jurisdiction: str = Field(min_length=2)
    status: Literal["draft", "in_force", "example"]
    time_zone: str
    settlement_interval: GridStep
    initial_statement_delay: Span
    call: CallRules
    bid: BidRules
    baseline: BaselineTerms
    money: MoneyRules
    provenance: Provenance
    measurement: MeasurementTerms = MeasurementTerms()
    telemetry_interval: PositiveSpan | None = None
    stacking_excludes: tuple[Id, ...] = ()
    test_rule: str = ""

    @field_validator("stacking_excludes")
    @classmethod
    def _names_others(cls, excluded: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        own = info.data.get("product_id")
        faults = [f"names {own} itself, expected other products"] if own in excluded else []
        if len(set(excluded)) < len(excluded):
            faults.append("names a product twice, expected each once")
        if faults:
            raise ValueError(f"{', '.join(excluded)} {' and '.join(faults)}")
        return excluded

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [*self._readiness_faults(), *self._rule_faults()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _readiness_faults(self) -> Iterator[str]:
        """What is not instructed is bought as readiness alone, in an auction."""
        if self.call.is_instructed:
            return
        availability, faults = self.money.availability_terms, []
        if self.call.trigger is not Trigger.DAY_AHEAD_AUCTION:
            faults.append(f"call.trigger is {self.call.trigger.value}, expected day_ahead_auction")
        if self.money.pays_energy:
            faults.append("money.pays_energy is true, expected false")
        if self.money.penalty_terms is not None:
            faults.append("money has a penalty, expected none")
        if availability is None or availability.paid == "when_called" or availability.by_performance:
            faults.append("money.availability is expected, paid always, and not by performance")
        if faults:
            yield (
                f"call.activation is local, so nothing is instructed that delivery could be held against: "
                f"{'; '.join(faults)}"
            )

    def _rule_faults(self) -> Iterator[str]:
        """Baseline rules split devices off as the product does, and measure in its direction."""
        is_split = self.measurement.device_metered == "generator_output"
        for rule in self.baseline.rules:
            if (rule.device is not None) != is_split:
                has = "splits storage and generation off" if rule.device is not None else "has no such split"
                yield (
                    f"measurement.device_metered is {self.measurement.device_metered} and rule "
                    f"{rule.baseline_id} {has}, expected both or neither"
                )
        if self.call.direction is Direction.LOAD_DOWN:
            return
        for rule in (*self.baseline.rules, *self.baseline.named):
            if isinstance(rule.method, FirmLevel):
                yield (
                    f"rule {rule.baseline_id} is a level to stay below, expected with direction load_up one "
                    "that says what the site would have used"
                )
            elif rule.adjustment is not None and rule.adjustment.up_only:
                yield (
                    f"rule {rule.baseline_id} has up_only, which is made for reductions: with direction "
                    "load_up it would only ever take delivery away; expected an adjustment both ways"
                )
