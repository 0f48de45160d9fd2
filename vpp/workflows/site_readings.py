"""What a site's baselines may know, gathered from storage, and made ready for the engine elsewhere.

Gathering needs the transaction; making ready (editing, averaging) needs none and runs in the worker pool.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.like_slots import like_slots
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.site import Site
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.edited_series import EditedSeries
from vpp.telemetry.editing import edited, reported_flags
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.metering_energy import metering_energy
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.reading_flag import ReadingFlag
from vpp.workflows.baseline_records import MeterEdit
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.device_output import DeviceOutput, device_output
from vpp.workflows.load_plans import plan_on_grid
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.metering import Curtailed, curtailed
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.site_load import site_load

ONE_DAY = timedelta(days=1)
DAYS_AROUND = timedelta(days=7)
"""Holidays so far outside the readings are kept with them: whether the day before is one may count."""
QUALITY_NAMES = np.array(["", *(quality.name.lower() for quality in sorted(MeterQuality))])
"""Names by code; codes count from 1."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteReadings:
    """A site's readings as they came, and what is known of their times.

    Attributes:
        site: The site.
        calendar: Its civil time and holidays.
        metered: The readings, on the site's own metering grid.
        step: Length of the intervals that baselines are made on.
        deliveries: When the site delivered in other events.
        recoveries: When it may have recovered from them.
        known_number: Newest batch that was known; readings received later are not in.
        plan_kw: The load that the site planned and told, kW; None for none.
        plan_span: The span of the plan.
        plans_until: Only plans that were told by this instant are in.
        device_kw: Output of devices with a meter of their own on the grid of `step`, kW, discharge positive;
            None where no rule splits it off, or none has been read.
        device_versions: The newest import of each device that was known.
    """

    site: Site
    calendar: SiteCalendar
    metered: MeteredSeries
    step: timedelta
    deliveries: tuple[Interval, ...]
    recoveries: tuple[Interval, ...]
    known_number: int
    plan_kw: pd.Series | None
    plan_span: Interval
    plans_until: datetime
    device_kw: pd.Series | None = None
    device_versions: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """State it as a JSON-able document, from which `restored` reads the same again."""
        index = self.metered.net_power_kw.index
        start, end = index[0].to_pydatetime(), index[-1].to_pydatetime() + self.metered.step
        near, far = (self.calendar.civil_date(at) for at in (start, max(end, self.plan_span.end)))
        return {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "step_s": self.step.total_seconds(),
            "metering_step_s": self.metered.step.total_seconds(),
            "time_zone": self.calendar.time_zone,
            "holidays": [
                day.isoformat()
                for day in sorted(self.calendar.holidays)
                if near - DAYS_AROUND <= day <= far + DAYS_AROUND
            ],
            "deliveries": [_iso(span) for span in self.deliveries],
            "recoveries": [_iso(span) for span in self.recoveries],
            "contract_kw": self.site.import_limit_kw,
            "minimum_load_kw": self.site.minimum_load_kw,
            "known_number": self.known_number,
            "plan_span": _iso(self.plan_span),
            "plans_until": self.plans_until.isoformat(),
            **({"device_versions": dict(self.device_versions)} if self.device_versions else {}),
        }


@dataclass(frozen=True, slots=True, eq=False)
class EditedMeter:
    """What the engine is given, and what was edited to make it.

    Attributes:
        meter: The site as baselines see it, on the settlement grid.
        quality: Name of each interval's quality. Shape (T,).
        edits: The readings that were edited or flagged, in order of time.
        version: Of the editing rules in code.
    """

    meter: SiteMeter
    quality: npt.NDArray[np.str_]
    edits: tuple[MeterEdit, ...]
    version: str


def gather_readings(  # noqa: PLR0913  whose, until when, how far back, on which grid, for which event
    uow: UnitOfWork,
    site: Site,
    rules: MarketRules,
    *,
    end: datetime,
    days: int,
    step: timedelta,
    plan_end: datetime | None = None,
    plans_until: datetime | None = None,
    except_event: str = "",
    splits_devices: bool = False,
) -> SiteReadings | None:
    """Read a site's recent load and the spans in which it was not its own.

    Args:
        uow: The transaction.
        site: The site.
        rules: The hub's rules.
        end: Readings up to here, as far as whole intervals of `step` go.
        days: How many days before it.
        step: Length of the intervals that baselines are made on, a whole multiple of the meter's.
        plan_end: End of the plan wanted, on the grid of `step`; None for the readings' end.
        plans_until: Only plans told by this instant count; None for all.
        except_event: The event that a baseline is for; it does not hide its own day.
        splits_devices: Whether a rule splits off storage and generation by their own meters.

    Returns:
        The readings from the first one on, or None where there is none.
    """
    calendar = site_calendar(site, rules, uow.now)
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    last = end - (end - midnight) % step
    span = Interval(midnight - timedelta(days=days), last)
    number = uow.telemetry.last_number(site.site_id)
    metered = _load(uow, site, span, number)
    known = np.flatnonzero(~np.isnan(metered.net_power_kw.to_numpy(dtype=np.float64)))
    if not len(known):
        return None
    per_day = ONE_DAY // site.metering_interval
    first = int(known[0]) // per_day * per_day
    cut = MeteredSeries(metered.net_power_kw.iloc[first:], metered.quality[first:], metered.conflict_count)
    first_at = cut.net_power_kw.index[0].to_pydatetime()
    hidden: Curtailed = curtailed(uow, site, calendar, since=first_at, except_event=except_event)
    plan_span, plans_until = Interval(first_at, plan_end or last), plans_until or uow.now
    devices = (
        DeviceOutput() if not splits_devices else device_output(uow, site, Interval(first_at, last), step)
    )
    return SiteReadings(
        site=site,
        calendar=calendar,
        metered=cut,
        step=step,
        deliveries=hidden.deliveries,
        recoveries=hidden.recoveries,
        known_number=number,
        plan_kw=_plan(uow, site.site_id, plan_span, step, plans_until),
        plan_span=plan_span,
        plans_until=plans_until,
        device_kw=devices.output_kw,
        device_versions=devices.versions,
    )


def restored_readings(uow: UnitOfWork, site: Site, document: Mapping[str, Any]) -> SiteReadings:
    """Read again what a document of `SiteReadings` was written from, whatever came later."""
    span = Interval(datetime.fromisoformat(document["start"]), datetime.fromisoformat(document["end"]))
    as_then = Site(
        site_id=site.site_id,
        party_id=site.party_id,
        display_name=site.display_name,
        zone=site.zone,
        time_zone=document["time_zone"],
        import_limit_kw=document["contract_kw"],
        metering_interval=timedelta(seconds=document["metering_step_s"]),
        minimum_load_kw=document["minimum_load_kw"],
    )
    holidays = frozenset(date.fromisoformat(day) for day in document["holidays"])
    step, [plan_span] = timedelta(seconds=document["step_s"]), _spans([document["plan_span"]])
    plans_until = datetime.fromisoformat(document["plans_until"])
    versions = document.get("device_versions", {})
    devices = DeviceOutput() if not versions else device_output(uow, as_then, span, step, versions=versions)
    return SiteReadings(
        site=as_then,
        calendar=SiteCalendar(document["time_zone"], holidays),
        metered=_load(uow, as_then, span, document["known_number"]),
        step=step,
        deliveries=_spans(document["deliveries"]),
        recoveries=_spans(document["recoveries"]),
        known_number=document["known_number"],
        plan_kw=_plan(uow, site.site_id, plan_span, step, plans_until),
        plan_span=plan_span,
        plans_until=plans_until,
        device_kw=devices.output_kw,
        device_versions=devices.versions,
    )


def edited_meter(
    readings: SiteReadings, event_day: date | None = None, *, fills_long_gaps: bool = True
) -> EditedMeter:
    """Validate, estimate and average a site's readings for its baselines.

    Readings of events teach nothing about others. On the event's own day no reading is estimated from
    like days: what is compared with a baseline there must have been metered.

    Args:
        readings: As gathered.
        event_day: Civil day of the event that a baseline is for; None where there is none.
        fills_long_gaps: Whether gaps that are too long for a line are estimated from like days; not
            for forecasts, which have models of their own for them.
    """
    raw, usual = readings.metered, EditRules()
    index = pd.DatetimeIndex(raw.net_power_kw.index)
    hidden = np.zeros(len(index), dtype=np.bool_)
    for span in (*readings.deliveries, *readings.recoveries):
        hidden |= np.asarray((index >= pd.Timestamp(span.start)) & (index < pd.Timestamp(span.end)))
    series = edited(
        raw.net_power_kw,
        like=like_slots(readings.calendar, index, raw.step),
        flag=reported_flags(raw.quality),
        hidden=hidden,
        rules=EditRules(
            like_gap=usual.like_gap if fills_long_gaps else usual.linear_gap,
            is_export_expected=readings.site.minimum_load_kw < 0,
        ),
    )
    outside = _outside(raw)
    edited_kw = series.edited_kw.mask(outside)
    if event_day is not None:
        today = index >= pd.Timestamp(readings.calendar.day(event_day).start)
        edited_kw[np.asarray(today) & ((series.flag & ReadingFlag.LIKE_DAYS) != 0)] = np.nan
    quality = np.where(np.isnan(edited_kw), np.int8(MeterQuality.MISSING), series.quality)
    metered = MeteredSeries(edited_kw, quality.astype(np.int8))
    if readings.step != raw.step:
        metered = metering_energy(metered, readings.step)
    meter = SiteMeter(
        net_power_kw=metered.usable_kw(),
        calendar=readings.calendar,
        events=readings.deliveries,
        masked=readings.recoveries,
        device_kw=_device_kw(readings, metered),
        plan_kw=readings.plan_kw,
        contract_kw=readings.site.import_limit_kw,
    )
    return EditedMeter(
        meter, QUALITY_NAMES[metered.quality], _edits(series, edited_kw, hidden | outside), series.version
    )


def _device_kw(readings: SiteReadings, metered: MeteredSeries) -> pd.Series | None:
    """Return the devices' output on the intervals of the site's load; both begin at the same instant."""
    if readings.device_kw is None:
        return None
    return regular(
        readings.device_kw.to_numpy(dtype=np.float64)[: len(metered.quality)],
        metered.net_power_kw.index[0].to_pydatetime(),
        readings.step,
    )


def _outside(raw: MeteredSeries) -> npt.NDArray[np.bool_]:
    """Tell what lies before the first reading or after the last: no gap, as nothing is around it."""
    known = np.flatnonzero(~np.isnan(raw.net_power_kw.to_numpy(dtype=np.float64)))
    outside = np.ones(len(raw.quality), dtype=np.bool_)
    outside[known[0] : known[-1] + 1] = False
    return outside


def _edits(
    series: EditedSeries, used_kw: pd.Series, left_out: npt.NDArray[np.bool_]
) -> tuple[MeterEdit, ...]:
    """Gather neighbouring readings with the same finding into one edit each, but for some."""
    raw_kw, edited_kw = series.raw_kw.to_numpy(dtype=np.float64), used_kw.to_numpy(dtype=np.float64)
    flags = np.where(left_out, 0, series.flag)
    is_same = (raw_kw == edited_kw) | (np.isnan(raw_kw) & np.isnan(edited_kw))
    bounds = np.flatnonzero(np.diff(flags, prepend=0, append=0) | _changes(series.reason))
    edits = []
    for first, end in pairwise(bounds.tolist()):
        if not flags[first]:
            continue
        cut, stands = slice(first, end), bool(is_same[first:end].all())
        edits.append(
            MeterEdit(
                span=Interval(_at(series, first), _at(series, end - 1) + series.step),
                flag="+".join(str(flag.name).lower() for flag in ReadingFlag if flags[first] & flag),
                reason=str(series.reason[first]),
                raw_kw=() if stands else tuple(raw_kw[cut].tolist()),
                edited_kw=() if stands else tuple(edited_kw[cut].tolist()),
            )
        )
    return tuple(edits)


def _changes(reason: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    changes = np.zeros(len(reason) + 1, dtype=np.bool_)
    changes[1:-1] = reason[1:] != reason[:-1]
    return changes


def _at(series: EditedSeries, position: int) -> datetime:
    at: datetime = series.raw_kw.index[position].to_pydatetime()
    return at


def _load(uow: UnitOfWork, site: Site, span: Interval, number: int) -> MeteredSeries:
    return site_load(uow, site, span, up_to=number)


def _plan(
    uow: UnitOfWork, site_id: str, span: Interval, step: timedelta, until: datetime
) -> pd.Series | None:
    told = [plan for plan in uow.plans.overlapping(site_id, span) if plan.received_at <= until]
    return plan_on_grid(told, span, step)


def _iso(span: Interval) -> list[str]:
    return [span.start.isoformat(), span.end.isoformat()]


def _spans(documents: Sequence[Sequence[str]]) -> tuple[Interval, ...]:
    return tuple(
        Interval(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in documents
    )
