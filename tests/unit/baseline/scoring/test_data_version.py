from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.baseline_sites import at, day_of, flat_site, noisy_site, site_of, span

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.scoring.data_version import data_version
from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import regular

SITE = noisy_site(10)
KNOWN = "7d469338a48d6902b2aea51ddb046012f3655f57d63f2b387938926741ceffdc"
QUALITY = np.full(240, "good")


def test_a_known_fingerprint_stays_what_it_is() -> None:
    # Any change of how it is taken orphans every stored one: raise FORM with it, and this value.
    assert data_version(flat_site(1)) == KNOWN


def changed_load(position: int, value: float) -> Any:  # noqa: ANN401  a series
    load = SITE.net_power_kw.copy()
    load.iloc[position] = value
    return load


@pytest.mark.parametrize(
    "changes",
    [
        {"net_power_kw": changed_load(7, float("nan"))},
        {"net_power_kw": changed_load(7, float(SITE.net_power_kw.iloc[7]) + 1e-9)},
        {"net_power_kw": SITE.net_power_kw.iloc[1:]},
        {"net_power_kw": SITE.net_power_kw.shift(freq="h")},
        {"calendar": SiteCalendar("Europe/Paris")},
        {"calendar": SiteCalendar("Europe/London", frozenset({day_of(3)}))},
        {"excluded_dates": frozenset({day_of(3)})},
        {"events": [span(3, 17, 21)]},
        {"masked": [span(3, 17, 21)]},
        {"device_kw": SITE.net_power_kw},
        {"temperature_c": SITE.net_power_kw},
        {"plan_kw": SITE.net_power_kw},
        {"control_kw": pd.DataFrame({"a": SITE.net_power_kw})},
        {"contract_kw": 5.0},
        {"export_limit_kw": 5.0},
        {"nominated_kw": 5.0},
        {"peak_intervals": [span(3, 17, 18)]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_everything_known_of_a_site_counts(changes: dict[str, Any]) -> None:
    assert data_version(replace(SITE, **changes)) != data_version(SITE)


def test_what_is_equal_has_one_fingerprint() -> None:
    first = [span(3, 17, 21), span(1, 17, 21)]
    assert data_version(replace(SITE, events=first)) == data_version(replace(SITE, events=first[::-1]))
    minus_zero = site_of([0.0, -0.0, np.nan])
    same = site_of([-0.0, 0.0, -np.float64("nan")])
    assert data_version(minus_zero) == data_version(same)
    # The name of a frequency and the unit of an index are no content.
    minutes = site_of(np.ones(3))
    hours = replace(
        minutes,
        net_power_kw=pd.Series(np.ones(3), index=pd.date_range(at(0), periods=3, freq="60min", unit="ns")),
    )
    assert data_version(minutes) == data_version(hours)


def test_quality_counts_and_must_fit() -> None:
    other = QUALITY.copy()
    other[5] = "estimated"
    versions = {data_version(SITE), data_version(SITE, quality=QUALITY), data_version(SITE, quality=other)}
    assert len(versions) == 3
    with pytest.raises(InvalidInput, match="quality has 3 values, expected 240"):
        data_version(SITE, quality=["good"] * 3)


def test_what_comes_later_does_not_count() -> None:
    until = at(5, 12)
    cut = replace(SITE, net_power_kw=SITE.net_power_kw.iloc[: 24 * 5 + 12])
    later = replace(
        SITE,
        calendar=SiteCalendar("Europe/London", frozenset({day_of(8), date(2030, 12, 25)})),
        events=[span(6, 1, 2)],
        masked=[span(5, 12, 13)],
        excluded_dates=frozenset({day_of(7), day_of(-3)}),
    )
    assert data_version(later, until=until) == data_version(cut, until=until) == data_version(cut)
    assert data_version(SITE, until=until) != data_version(SITE, until=until + timedelta(hours=1))


def test_temperature_counts_up_to_the_end_asked_for() -> None:
    hourly = regular(np.arange(24.0 * 12), at(0), timedelta(hours=1))
    warm = hourly.copy()
    warm.iloc[-1] += 1
    mild, hot = replace(SITE, temperature_c=hourly), replace(SITE, temperature_c=warm)
    assert data_version(mild) == data_version(hot)
    assert data_version(mild, until=at(12)) != data_version(hot, until=at(12))


@pytest.mark.parametrize(
    ("name", "changed", "counts"),
    [
        ("temperature_c", at(10, 23), True),  # the civil day on which what counts ends
        ("plan_kw", at(10, 23), True),
        ("temperature_c", at(11, 5), True),  # what lies in between is interpolated to it
        ("temperature_c", at(11, 6), False),
        ("plan_kw", at(11), False),
        ("plan_kw", at(-1), True),  # the day before the first reading
        ("plan_kw", at(-2, 23), False),
        ("temperature_c", at(-2, 18), True),
        ("temperature_c", at(-2, 17), False),
        ("device_kw", at(10, 11), True),
        ("device_kw", at(10, 12), False),  # a meter counts up to the instant itself
    ],
)
def test_temperature_and_plans_count_by_whole_civil_days(
    *, name: str, changed: datetime, counts: bool
) -> None:
    series = regular(np.arange(24.0 * 15), at(-2), timedelta(hours=1))
    other = series.copy()
    other.loc[changed:changed] += 1.0
    versions = {data_version(replace(SITE, **{name: each}), until=at(10, 12)) for each in (series, other)}
    assert (len(versions) == 2) is counts


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_days_of_23_and_25_hours(day: datetime) -> None:
    site = flat_site(2, start=day)
    assert data_version(site) == data_version(flat_site(2, start=day))
    assert data_version(site) != data_version(flat_site(2, start=day + timedelta(hours=1)))
