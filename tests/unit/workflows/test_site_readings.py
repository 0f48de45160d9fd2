"""What baselines are given of a site's readings, and what is told of those that were edited."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.site import Site
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.site_readings import SiteReadings, edited_meter

START = datetime(2026, 3, 16, tzinfo=UTC)  # a Monday; London's clock changes on the 29th
QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
SITE = Site("north-1", "owner", "North", "north", "Europe/London", 1000.0, QUARTER)


def shaped(days: int) -> npt.NDArray[np.float64]:
    """Load by the hour of the civil day, kW, on quarters: 100 at midnight, 123 an hour before the next."""
    local = [(START + n * QUARTER).astimezone(LONDON) for n in range(days * 96)]
    return np.array([100.0 + at.hour + at.minute / 60 for at in local])


def readings(load_kw: npt.NDArray[np.float64], **changes: object) -> SiteReadings:
    quality = np.where(np.isnan(load_kw), np.int8(MeterQuality.MISSING), np.int8(MeterQuality.OK))
    span = Interval(START, START + len(load_kw) * QUARTER)
    made = SiteReadings(
        site=SITE,
        calendar=SiteCalendar("Europe/London"),
        metered=MeteredSeries(regular(load_kw, START, QUARTER), quality.astype(np.int8)),
        step=HOUR,
        deliveries=(),
        recoveries=(),
        known_number=1,
        plan_kw=None,
        plan_span=span,
        plans_until=span.end,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def test_whole_readings_are_averaged_and_nothing_is_told() -> None:
    load = shaped(14)
    found = edited_meter(readings(load))
    np.testing.assert_allclose(found.meter.net_power_kw, load.reshape(-1, 4).mean(axis=1))
    assert (set(found.quality), found.edits) == ({"ok"}, ())
    assert found.meter.contract_kw == 1000.0


def test_a_long_gap_is_filled_from_like_days_in_civil_time() -> None:
    load = shaped(15)  # the last day, a Monday, is the first workday after the clock changed
    gap = slice(14 * 96 + 40, 14 * 96 + 60)
    known = load.copy()
    load[gap] = np.nan
    found = edited_meter(readings(load))
    np.testing.assert_allclose(
        found.meter.net_power_kw.iloc[14 * 24 + 10 : 14 * 24 + 15], known[gap][1::4] + 0.125
    )
    [edit] = found.edits
    assert (edit.span.start, edit.span.duration) == (START + 14 * DAY + 10 * HOUR, 5 * HOUR)
    assert edit.flag == "missing+like_days"
    assert edit.edited_kw == pytest.approx(known[gap])
    assert np.isnan(edit.raw_kw).all()
    assert list(found.quality).count("estimated") == 5


def test_on_the_events_own_day_only_a_line_is_drawn() -> None:
    load = shaped(15)
    load[14 * 96 + 40 : 14 * 96 + 60] = np.nan  # five hours
    load[14 * 96 + 80 : 14 * 96 + 84] = np.nan  # one hour
    found = edited_meter(readings(load), date(2026, 3, 30))
    day = found.meter.net_power_kw.iloc[14 * 24 :].to_numpy()
    assert np.flatnonzero(np.isnan(day)).tolist() == [10, 11, 12, 13, 14]
    assert list(found.quality[-24:]).count("missing") == 5
    assert [edit.flag for edit in found.edits] == ["missing+like_days", "missing+linear"]
    assert found.edits[0].edited_kw == ()  # nothing was read and nothing is used
    assert len(found.edits[1].edited_kw) == 4


def test_nothing_is_made_up_before_the_first_reading_or_after_the_last() -> None:
    load = shaped(14)
    load[:30] = np.nan
    load[-20:] = np.nan
    found = edited_meter(readings(load))
    values = found.meter.net_power_kw.to_numpy()
    assert np.isnan(values[:8]).all()
    assert np.isnan(values[-5:]).all()
    assert not np.isnan(values[8:-5]).any()
    assert found.edits == ()


def test_events_teach_nothing_and_are_handed_on() -> None:
    load = shaped(14)
    delivery = Interval(START + 8 * DAY + 10 * HOUR, START + 8 * DAY + 14 * HOUR)
    recovery = Interval(delivery.end, delivery.end + HOUR)
    event = slice(8 * 96 + 40, 8 * 96 + 60)
    whole = load.copy()
    load[event] = 1.0
    gap = slice(9 * 96 + 40, 9 * 96 + 60)
    load[gap] = np.nan
    hidden = edited_meter(readings(load, deliveries=(delivery,), recoveries=(recovery,)))
    assert hidden.edits[0].edited_kw == pytest.approx(whole[gap])
    taught = edited_meter(readings(load))
    [guess] = [edit for edit in taught.edits if edit.flag == "missing+like_days"]
    assert np.mean(guess.edited_kw) < 0.95 * np.mean(whole[gap])
    assert (tuple(hidden.meter.events), tuple(hidden.meter.masked)) == ((delivery,), (recovery,))
    assert hidden.meter.net_power_kw.iloc[8 * 24 + 10] == 1.0  # hidden by the engine, not here


@pytest.mark.parametrize(("minimum_load_kw", "flags"), [(0.0, ["negative"]), (-50.0, [])])
def test_export_is_odd_unless_it_is_announced(minimum_load_kw: float, flags: list[str]) -> None:
    load = shaped(14)
    load[500] = -20.0
    site = replace(SITE, minimum_load_kw=minimum_load_kw)
    found = edited_meter(readings(load, site=site))
    assert [edit.flag for edit in found.edits] == flags
    assert all(edit.raw_kw == edit.edited_kw == () for edit in found.edits)  # it stands as read
