"""At which meters a product's delivery is read, and what is reported beside it."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from vpp.portfolio.pay_parts import Part

Span = Annotated[timedelta, Field(ge=timedelta(0))]


class MeasurementTerms(Part):
    """At which meters delivery is read, and what is reported beside it.

    Attributes:
        boundaries: Where a meter may sit that is paid by; `poc` is the point of connection.
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
