"""The parts of a configuration that say who decides, what is done about faults, and who plans."""

import enum
from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from vpp.agent.mode import Mode
from vpp.agent.quantity_fields import PowerKw
from vpp.agent.table import Span, Table


class OnStaleMeter(enum.Enum):
    """What becomes of a delivery that runs while the meter shows nothing.

    Attributes:
        HOLD: The devices go on with their last setpoints until the delivery ends.
        RELEASE: The delivery is ended, and the devices go back to the site's own control.
    """

    HOLD = "hold"
    RELEASE = "release"


class OperationTable(Table):
    """Who decides at the site.

    Attributes:
        mode: Who decides, unless a local order says otherwise.
        confirm_within: How long a person has to confirm; never beyond the start of delivery.
    """

    mode: Mode = Mode.AUTO
    confirm_within: timedelta = Field(default=timedelta(minutes=15), gt=timedelta(0), le=timedelta(days=7))


class FaultsTable(Table):
    """What the site does when a meter or a device cannot be relied on.

    Attributes:
        on_stale_meter: What becomes of a running delivery while the meter shows nothing.
        stale_after: How long the meter may show nothing before it is stale; absent for three
            metering intervals.
        plausible_low_kw: A reading below this is taken for none, kW; absent for less than the import
            limit's negative.
        plausible_high_kw: A reading above this is taken for none, kW; absent for twice the import limit.
        retry_after: A device that failed to do what it was told is left out for so long.
        doubt_for: A device whose response the meter does not show is left out for so long.
        doubt_below_ratio: Below this share of what it should do, a device's response counts as none.
        abort_below_ratio: A delivery is ended when what is left of the site can do no more than this
            share of it because devices failed.
    """

    on_stale_meter: OnStaleMeter = OnStaleMeter.HOLD
    stale_after: Span | None = None
    plausible_low_kw: PowerKw | None = Field(default=None, ge=-10_000_000, le=10_000_000)
    plausible_high_kw: PowerKw | None = Field(default=None, ge=-10_000_000, le=10_000_000)
    retry_after: Span = timedelta(minutes=15)
    doubt_for: Span = timedelta(hours=1)
    doubt_below_ratio: float = Field(default=0.5, gt=0, lt=1)
    abort_below_ratio: float = Field(default=0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, high = self.plausible_low_kw, self.plausible_high_kw
        if low is not None and high is not None and low >= high:
            raise ValueError(f"plausible_low_kw {low} is not below plausible_high_kw {high}")
        return self


class PlanningMethod(enum.Enum):
    """Who plans.

    Attributes:
        GREEDY: Resource by resource, the cheapest first.
        OPTIMAL: The site planner; greedy where it has no answer in time.
    """

    GREEDY = "greedy"
    OPTIMAL = "optimal"


class PlanningTable(Table):
    """Who plans bids and the split over resources.

    Attributes:
        method: Who plans.
        bid_time_limit_s: Longest time for the bids of one auction, s of the machine.
        schedule_time_limit_s: Longest time for what is on or off during a delivery, s of the machine.
        split_time_limit_s: Longest time for the split of one control step, s of the machine.
    """

    method: PlanningMethod = PlanningMethod.OPTIMAL
    bid_time_limit_s: float = Field(default=20.0, gt=0, le=600)
    schedule_time_limit_s: float = Field(default=5.0, gt=0, le=600)
    split_time_limit_s: float = Field(default=0.05, gt=0, le=10)
