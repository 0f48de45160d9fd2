"""From an analyst's files to what a baseline may know of each site."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.like_slots import like_slots
from vpp.baseline.site_meter import SiteMeter
from vpp.cli.baseline.meter_files import read_readings, site_calendar
from vpp.cli.baseline.site_facts import SiteFacts
from vpp.cli.baseline.site_file import read_sites
from vpp.cli.baseline.span_file import PastEvent, read_past_events, read_peak_hours
from vpp.cli.baseline.temperature_file import read_temperatures
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.interval import Interval
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.edited_series import EditedSeries
from vpp.telemetry.editing import edited
from vpp.telemetry.grid import metering_step
from vpp.telemetry.meter_format import MeterFormat
from vpp.telemetry.meter_readings import MeterReadings


@dataclass(frozen=True, slots=True)
class InputFiles:
    """What an analyst has.

    Attributes:
        meters: Meter files.
        common: What holds for a site that the file of sites does not know.
        wanted: Sites to take; empty for all.
        meter_format: How the meter files are to be read; None for the usual columns.
        naive_zone: Zone of stamps without an offset; None to refuse them.
        past_events: File of past events.
        rebound: Rebound of past events that state none.
        excluded: Civil dates that never stand for others.
        temperature: File of outdoor temperatures.
        plan: Meter file of the load that sites plan.
        device: Meter file of storage and generation, output positive.
        control: Meter file of sites that were not called.
        peak_hours: File of the like period's peak hours.
        sites: File of what differs between sites.
    """

    meters: tuple[Path, ...]
    common: SiteFacts
    wanted: tuple[str, ...] = ()
    meter_format: MeterFormat | None = None
    naive_zone: str | None = None
    past_events: Path | None = None
    rebound: timedelta = timedelta(0)
    excluded: frozenset[date] = frozenset()
    temperature: Path | None = None
    plan: Path | None = None
    device: Path | None = None
    control: Path | None = None
    peak_hours: Path | None = None
    sites: Path | None = None

    def named(self) -> dict[str, Path]:
        """Return every file that is read, by the option that names it."""
        options = {
            "--past-events": self.past_events,
            "--temperature": self.temperature,
            "--plan": self.plan,
            "--device": self.device,
            "--control": self.control,
            "--peak-hours": self.peak_hours,
            "--sites": self.sites,
        }
        given = {option: path for option, path in options.items() if path is not None}
        return given | {f"--meter {path}": path for path in self.meters}


@dataclass(frozen=True, slots=True, eq=False)
class SiteInput:
    """One site, read and edited.

    Attributes:
        edited: Its readings, raw and edited.
        meter: What a baseline may know of it.
    """

    edited: EditedSeries
    meter: SiteMeter


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """What goes with the meters, by site where it differs."""

    events: tuple[PastEvent, ...]
    temperature_c: Mapping[str, pd.Series]
    plan_kw: Mapping[str, pd.Series]
    device_kw: Mapping[str, pd.Series]
    control_kw: pd.DataFrame | None
    peak_intervals: tuple[Interval, ...]
    facts: Mapping[str, SiteFacts] = field(default_factory=dict)


def read_inputs(files: InputFiles) -> dict[str, SiteInput]:
    """Read, validate and edit everything.

    Returns:
        Sites by name, in the order of the files and by name within each.

    Raises:
        NotFound: A file or a wanted site is missing.
        InvalidInput: A file does not hold what it should; the message names file, row, column, value and
            what was expected.
    """
    side = _read_side(files)
    readings: dict[str, MeterReadings] = {}
    for path in files.meters:
        for one in _read(path, "--meter", files):
            if one.site in readings:
                raise InvalidInput(
                    f"{path}: site {one.site!r} is also in another --meter file, expected each once",
                    path=str(path),
                )
            readings[one.site] = one
    missing = [site for site in files.wanted if site not in readings]
    if missing:
        raise NotFound(
            f"--site {missing[0]} is in no meter file; there are {_some(readings)}", site=missing[0]
        )
    wanted = files.wanted or tuple(readings)
    return {site: _site(readings[site], files, side) for site in wanted}


def _read_side(files: InputFiles) -> _Side:
    events = () if files.past_events is None else read_past_events(files.past_events, files.rebound)
    control = _series("--control", files.control, files)
    return _Side(
        events=events,
        temperature_c={} if files.temperature is None else read_temperatures(files.temperature),
        plan_kw=_series("--plan", files.plan, files),
        device_kw=_series("--device", files.device, files),
        control_kw=_side_by_side(control) if control else None,
        peak_intervals=() if files.peak_hours is None else read_peak_hours(files.peak_hours),
        facts={} if files.sites is None else read_sites(files.sites, files.common),
    )


def _series(option: str, path: Path | None, files: InputFiles) -> dict[str, pd.Series]:
    """Read a meter file that is used as it is; one without a column of sites goes by the name ""."""
    if path is None:
        return {}
    found = _read(path, option, files)
    stem = path.name.removesuffix(".gz").rpartition(".")[0]
    is_nameless = len(found) == 1 and found[0].site == stem
    return {"" if is_nameless else one.site: one.net_power_kw for one in found}


def _read(path: Path, option: str, files: InputFiles) -> list[MeterReadings]:
    if not path.exists():
        raise NotFound(f"{option} {path} does not exist; check the path", path=str(path))
    meter_format = files.meter_format if option == "--meter" else None
    return read_readings(path, naive_zone=files.naive_zone, meter_format=meter_format)


def _side_by_side(series: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Lay the control sites' series on one grid, one column each."""
    steps = {metering_step(one) for one in series.values()}
    if len(steps) > 1:
        raise InvalidInput(
            f"--control has intervals of {_some(map(str, sorted(steps)))}, expected one length"
        )
    return pd.DataFrame(dict(series)).asfreq(to_offset(next(iter(steps))))


def _on_grid_of(device_kw: pd.Series | None, readings: MeterReadings) -> pd.Series | None:
    """Lay a device's readings on the grid of its site's meter."""
    if device_kw is None:
        return None
    step = metering_step(device_kw)
    if step != readings.step:
        raise InvalidInput(
            f"--device has intervals of {step}, expected {readings.step} like the meter of {readings.site}",
            step=str(step),
        )
    return device_kw.reindex(readings.net_power_kw.index)


def _site(readings: MeterReadings, files: InputFiles, side: _Side) -> SiteInput:
    site = readings.site
    facts = side.facts.get(site, files.common)
    index = pd.DatetimeIndex(readings.net_power_kw.index)
    calendar = site_calendar(index, facts.time_zone, facts.holidays)
    events = [event for event in side.events if event.site in {"", site}]
    spans = [span for event in events for span in (event.interval, *event.hidden)]
    device_kw = _on_grid_of(_of(side.device_kw, site), readings)
    exports = device_kw is not None or bool(facts.export_limit_kw)
    series = _edited(readings, calendar, spans, EditRules(is_export_expected=exports))
    meter = SiteMeter(
        net_power_kw=series.edited_kw,
        calendar=calendar,
        excluded_dates=files.excluded,
        events=tuple(event.interval for event in events),
        masked=tuple(span for event in events for span in event.hidden),
        device_kw=device_kw,
        temperature_c=_of(side.temperature_c, site),
        plan_kw=_of(side.plan_kw, site),
        control_kw=side.control_kw,
        contract_kw=facts.contract_kw,
        export_limit_kw=facts.export_limit_kw,
        nominated_kw=facts.nominated_kw,
        peak_intervals=side.peak_intervals,
    )
    return SiteInput(series, meter)


def _edited(
    readings: MeterReadings, calendar: SiteCalendar, hidden: Sequence[Interval], rules: EditRules
) -> EditedSeries:
    """Edit readings; what stood in events is an example for no gap."""
    index = pd.DatetimeIndex(readings.net_power_kw.index)
    is_hidden = np.zeros(len(index), dtype=np.bool_)
    for span in hidden:
        start, end = (pd.Timestamp(bound) for bound in (span.start, span.end))
        is_hidden |= np.asarray((index >= start) & (index < end))
    return edited(
        readings.net_power_kw,
        like=like_slots(calendar, index, readings.step),
        flag=readings.flag,
        hidden=is_hidden,
        bridges=readings.bridges,
        rules=rules,
        notes=readings.notes,
    )


def _of(series: Mapping[str, pd.Series], site: str) -> pd.Series | None:
    """Return a site's series, or the one that holds for all."""
    return series.get(site, series.get(""))


def _some(names: Iterable[str], shown: int = 10) -> str:
    listed = list(names)
    more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return f"{', '.join(listed[:shown])}{more}"
