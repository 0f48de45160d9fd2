"""Reliability comes before revenue in every currency, and no start is dearer than a kWh that is missing."""

from dataclasses import replace

import pytest

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import CutSegment, GeneratorTerms, SiteTerms, WorkTerms, flat
from vpp.flexibility.planning.weighed import MOST_ONCE, weighed
from vpp.foundation.errors import InvalidInput

N = 2
JOBS = WorkTerms(
    "jobs",
    flat(100.0, N),
    (CutSegment(0.3, 0.4),),
    flat(0.0, N),
    0.0,
    (9,) * N,
    value_per_kwh=0.9,
    max_late_kwh=1e6,
)
SITE = SiteTerms(1.0, flat(1000.0, N), flat(0.2, N), flat(1200.0, N), (JOBS,))
OWED = Goal(flat(1000.0, N), flat(20.0, N), flat(30.0, N))


def in_small_coins(site: SiteTerms, times: float) -> SiteTerms:
    (jobs,) = site.resources
    assert isinstance(jobs, WorkTerms)
    return replace(
        site,
        energy_price_per_kwh=tuple(times * price for price in site.energy_price_per_kwh),
        resources=(replace(jobs, value_per_kwh=times * jobs.value_per_kwh),),
    )


@pytest.mark.parametrize("times", [1.0, 150.0, 10_000.0])
def test_what_is_owed_is_delivered_in_any_currency(times: float) -> None:
    plan = schedule(in_small_coins(SITE, times), OWED)
    assert plan.largest_shortfall_kw == 0.0
    assert max(plan.excess_kw) == 0.0


def test_nothing_is_delivered_beyond_the_band_for_the_energy_saved() -> None:
    dear = replace(SITE, energy_price_per_kwh=flat(60.0, N))  # a cut costs 0.36 and saves 60
    assert max(schedule(dear, OWED).excess_kw) == pytest.approx(0.0, abs=1e-6)


def test_a_start_is_not_dearer_than_what_would_be_missing() -> None:
    machine = GeneratorTerms(
        "genset", 40.0, flat(100.0, N), (True,) * N, 9.0, start_cost=900.0, cost_per_kwh=1.0
    )
    site = replace(SITE, resources=(machine,))
    few = Goal(flat(1000.0, N), flat(2.0, N), flat(100.0, N))
    assert schedule(site, few).largest_shortfall_kw == 0.0
    huge = replace(site, resources=(replace(machine, start_cost=1e9),))
    assert weighed(few, huge).shortfall_cost_per_kwh == 2.0 * MOST_ONCE


def test_a_goal_that_outweighs_all_stays_as_it_is() -> None:
    assert weighed(OWED, SITE) == OWED


def test_no_device_has_infinite_power() -> None:
    with pytest.raises(InvalidInput, match="catch_up_kw is inf"):
        replace(JOBS, catch_up_kw=flat(float("inf"), N))
    with pytest.raises(InvalidInput, match="import_limit_kw is nan"):
        replace(SITE, import_limit_kw=flat(float("nan"), N))
