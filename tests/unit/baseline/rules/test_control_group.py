import numpy as np
import pandas as pd
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, event_on, found, refused, rule_of, site_of

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.foundation.errors import InvalidInput

EVENT = event_on(MONDAY)
RULE = rule_of({"kind": "control_group", "fewest_sites": 2, "match": 4 * HOUR})


def group(*levels_kw: float) -> pd.DataFrame:
    """Flat before the event, half as much again during it."""
    load = daily_load(MONDAY, 1.0)
    load.loc[EVENT.start :] = 1.5
    return pd.DataFrame({f"site-{n}": load * level for n, level in enumerate(levels_kw)})


def test_the_groups_mean_is_scaled_to_the_sites_level_before() -> None:
    # 40 kW before, 50 % more in the event: 60.
    answer = found(RULE, site_of(daily_load(MONDAY, 40), control_kw=group(10, 30)), EVENT)
    assert answer.adjusted_kw.tolist() == pytest.approx([60.0, 60.0])
    assert answer.notes == ("2 sites of the control group, scaled by 2",)


def test_a_site_with_gaps_leaves_the_group() -> None:
    control_kw = group(10, 30, 50)
    control_kw.loc[EVENT.start, "site-2"] = np.nan
    answer = found(RULE, site_of(daily_load(MONDAY, 40), control_kw=control_kw), EVENT)
    assert answer.notes == ("2 sites of the control group, scaled by 2",)
    control_kw.loc[EVENT.start - HOUR, "site-1"] = np.nan
    detail = refused(
        RULE,
        site_of(daily_load(MONDAY, 40), control_kw=control_kw),
        EVENT,
        NoBaselineReason.INSUFFICIENT_HISTORY,
    )
    assert detail == "1 sites of the control group are metered throughout, expected at least 2"


def test_what_is_missing_is_said() -> None:
    detail = refused(RULE, site_of(daily_load(MONDAY, 40)), EVENT, NoBaselineReason.MISSING_INPUT)
    assert detail == "the rule needs a control group, control_kw"
    load = daily_load(MONDAY, 40)
    load.loc[EVENT.start - HOUR : EVENT.start - HOUR] = np.nan
    detail = refused(
        RULE, site_of(load, control_kw=group(10, 30)), EVENT, NoBaselineReason.WINDOW_NOT_METERED
    )
    assert detail == "the site is not metered in all of 4:00:00 before"


def test_a_group_without_load_has_no_ratio() -> None:
    site = site_of(daily_load(MONDAY, 40), control_kw=group(0, 0))
    assert "have no ratio" in refused(RULE, site, EVENT, NoBaselineReason.WINDOW_NOT_METERED)


def test_a_group_on_another_grid_is_refused() -> None:
    control_kw = group(10, 30)
    control_kw.index = control_kw.index + DAY
    with pytest.raises(InvalidInput, match=r"expected that of net_power_kw"):
        found(RULE, site_of(daily_load(MONDAY, 40), control_kw=control_kw), EVENT)
    half = rule_of({"kind": "control_group", "fewest_sites": 2, "match": HOUR / 2})
    site = site_of(daily_load(MONDAY, 40), control_kw=group(10, 30))
    assert "off the metering grid" in refused(half, site, EVENT, NoBaselineReason.MISSING_INPUT)
