"""At which meters a product's delivery is read, and what is reported beside it."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vpp.portfolio.pay_parts import Part
from vpp.portfolio.span_types import Span

POINT_OF_CONNECTION = "poc"
"""Boundary of the meters that a hub knows of."""


class MeasurementTerms(Part):
    """At which meters delivery is read, and what is reported beside it.

    Attributes:
        boundaries: Where a meter may sit that is paid by; `poc`, the point of connection, is among them, as
            the meters that a hub knows of stand there.
        aggregate_baseline: Where an aggregate is judged: by the sum of its sites' baselines, or by the
            baseline of their summed load. Both are reported.
        device_metered: `generator_output` splits a site's delivery into its load's, against a baseline of
            load without the device, and the device's own metered output.
        before_window: How long before an event energy is reported beside it.
        after_window: How long after it, where loads catch up.
    """

    boundaries: Annotated[tuple[str, ...], Field(min_length=1)] = ("poc",)
    aggregate_baseline: Literal["sum_of_baselines", "baseline_of_sum"] = "sum_of_baselines"
    device_metered: Literal["none", "generator_output"] = "none"
    before_window: Span = timedelta(hours=2)
    after_window: Span = timedelta(hours=4)

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if POINT_OF_CONNECTION not in self.boundaries:
            raise ValueError(
                f"boundaries are {', '.join(self.boundaries)}, expected {POINT_OF_CONNECTION} among them: "
                "the meters that a hub knows of stand at the point of connection"
            )
        return self
