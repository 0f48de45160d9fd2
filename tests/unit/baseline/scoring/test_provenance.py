from dataclasses import replace
from datetime import timedelta

import pytest
from support.baseline_sites import HOUR, at, noisy_site, site_of, span, x_of_y

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.baseline.scoring.data_version import data_version
from vpp.baseline.scoring.provenance import provenance_of
from vpp.foundation.errors import InvalidInput

SOURCE = {"tag": "S", "title": "test", "read_on": "2026-01-01", "unverified": ["days.lookback_days"]}


def test_a_baseline_names_rule_engine_data_and_what_nobody_checked() -> None:
    rule, site, event = x_of_y(source=SOURCE, version=3), noisy_site(10), span(9, 17, 21)
    found = provenance_of(rule, site, event, notice_at=at(9, 13))
    assert (found.baseline_id, found.rule_version, found.rule_digest) == ("mean-of-5", 3, rule.digest)
    assert (found.engine_version, found.unverified) == (ENGINE_VERSION, ("days.lookback_days",))
    assert (found.event, found.notice_at) == (event, at(9, 13))
    assert (found.data_start, found.data_end) == (at(0), at(10))
    assert found.data_version == data_version(site)


def test_what_is_known_for_the_event_counts_though_the_meter_ends_before_it() -> None:
    event = span(11, 17, 21)
    before, after = (
        provenance_of(x_of_y(), noisy_site(10, temperature_c=noisy_site(13, seed=seed).net_power_kw), event)
        for seed in (1, 2)
    )
    assert before.data_version != after.data_version
    assert before.data_end == at(10) == event.end - timedelta(hours=45)


def test_temperature_counts_to_the_end_of_the_events_day_and_a_plan_to_the_windows_end() -> None:
    site, event = noisy_site(10).net_power_kw, span(9, 17, 19)
    known = site.iloc[: 24 * 9 + 17]
    both = {"kind": "additive", "windows": [{"anchor": "end", "begin": 6 * HOUR, "end": 8 * HOUR}]}
    for rule, field, changed, counts in (
        (x_of_y(), "temperature_c", at(9, 23), True),  # weather matching compares whole days
        (x_of_y(), "plan_kw", at(10, 2), False),
        (x_of_y(adjustment=both), "plan_kw", at(10, 2), True),
    ):
        series = noisy_site(12, seed=1).net_power_kw
        other = series.copy()
        other.loc[changed:changed] += 1.0
        sites = (replace(site_of(known), **{field: each}) for each in (series, other))
        versions = {provenance_of(rule, one, event).data_version for one in sites}
        assert (len(versions) == 2) is counts


def test_a_site_without_metering_has_no_provenance() -> None:
    with pytest.raises(InvalidInput, match="no intervals"):
        provenance_of(x_of_y(), site_of([]), span(1, 1, 2))


def test_a_rule_from_memory_is_unverified_as_a_whole() -> None:
    memory = {"tag": "M", "title": "test", "read_on": "2026-01-01"}
    found = provenance_of(x_of_y(source=memory), noisy_site(10), span(9, 17, 21))
    assert found.unverified == ("*",)
    checked = provenance_of(x_of_y(), noisy_site(10), span(9, 17, 21))
    assert checked.unverified == ()
