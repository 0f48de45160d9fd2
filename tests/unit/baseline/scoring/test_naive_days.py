import numpy as np
from support.baseline_sites import day_of, site_of

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.naive_days import forecast_naive_days
from vpp.baseline.scoring.site_days import SiteDays


def test_each_day_is_that_of_a_week_before() -> None:
    days = SiteDays.of(site_of(np.arange(24.0 * 10)))
    wanted = np.array([number_of(day_of(day)) for day in (3, 8)])
    found = forecast_naive_days({"a": days}, {"a": wanted})["a"]
    unknown, known = (found.by_day[int(day)] for day in wanted)
    assert unknown is not None
    assert np.isnan(unknown.p50_kw).all()
    assert known is not None
    assert known.p50_kw.tolist() == list(range(24, 48))
    assert found.cpu_s == 0.0
