"""What a baseline may know about a site: its meters, its calendar, and what it has told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True, eq=False)
class SiteMeter:
    """Everything measured or told about one site that a baseline may use.

    Series are regular, UTC, labelled by interval starts; NaN is a gap. A rule that needs what is absent
    says so by name.

    Attributes:
        net_power_kw: Net power at the point of connection, kW, consumption positive. Shape (T,).
        calendar: The site's civil time and public holidays.
        excluded_dates: Civil dates that never stand for others: outages, shutdowns, declared days.
        events: Delivery of other events: their days are event days, their readings hidden.
        masked: Further spans whose readings are hidden, such as the rebound after events.
        device_kw: Output of storage and generation behind the meter, kW, discharge positive. Shape (T,).
        temperature_c: Outdoor temperature, measured or forecast, degrees Celsius; its own grid.
        plan_kw: The load that the site itself plans, kW; may reach past the meter's end.
        control_kw: Load of sites that were not called, kW, one column each. Shape (T, G).
        contract_kw: Contract capacity, kW.
        export_limit_kw: Largest export, kW, at least 0.
        nominated_kw: A level that the site nominated, such as its peak load contribution, kW.
        peak_intervals: The like period's peak hours, highest system load first.
    """

    net_power_kw: pd.Series
    calendar: SiteCalendar
    excluded_dates: frozenset[date] = frozenset()
    events: Sequence[Interval] = field(default=())
    masked: Sequence[Interval] = field(default=())
    device_kw: pd.Series | None = None
    temperature_c: pd.Series | None = None
    plan_kw: pd.Series | None = None
    control_kw: pd.DataFrame | None = None
    contract_kw: float | None = None
    export_limit_kw: float | None = None
    nominated_kw: float | None = None
    peak_intervals: Sequence[Interval] = field(default=())
