"""A capacity curve moves work and takes none away."""

from dataclasses import replace

import pytest

from vpp.flexibility.planning.hourly_caps import hourly_caps
from vpp.flexibility.planning.terms import CutSegment, SiteTerms, WorkTerms, flat
from vpp.foundation.errors import InvalidInput

HOURS = 24
BATCH = WorkTerms(
    "batch",
    flat(100.0, HOURS),
    (CutSegment(1.0, 1.0),),
    flat(60.0, HOURS),
    60.0,
    (48,) * HOURS,
    ahead_kwh=1e4,
)
SITE = SiteTerms(1.0, flat(400.0, HOURS), flat(0.1, HOURS), flat(500.0, HOURS), (BATCH,))
CURVE = tuple(330.0 if 8 <= t < 16 else 440.0 for t in range(HOURS))


def test_the_curve_is_kept_and_the_day_s_work_is_done() -> None:
    caps = hourly_caps(SITE, CURVE)
    assert caps.is_kept
    assert sum(caps.cap_kw["batch"]) == pytest.approx(24 * 100.0)
    assert max(caps.cap_kw["batch"][8:16]) <= 30.0 + 1e-6
    assert max(caps.plan.net_kw) <= 440.0 + 1e-6
    assert caps.moved_kwh["batch"] == pytest.approx(8 * 70.0)


def test_a_curve_below_the_day_s_demand_is_not_kept_and_what_is_missing_is_told() -> None:
    caps = hourly_caps(SITE, flat(390.0, HOURS))
    assert not caps.is_kept
    assert sum(caps.plan.shortfall_kw) == pytest.approx(24 * 10.0, rel=1e-3)


def test_work_that_is_late_after_the_day_is_not_a_way_out() -> None:
    free_later = replace(SITE, resources=(replace(BATCH, ahead_kwh=0.0, later_catch_up_kw=1e6),))
    caps = hourly_caps(free_later, tuple(400.0 if t < 23 else 300.0 for t in range(HOURS)))
    assert not caps.is_kept


def test_a_curve_of_another_horizon_is_refused() -> None:
    with pytest.raises(InvalidInput, match="capacity_kw has 3 values, expected the site's 24"):
        hourly_caps(SITE, (1.0, 2.0, 3.0))
