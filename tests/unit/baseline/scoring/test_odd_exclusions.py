from dataclasses import replace

from support.baseline_sites import day_of, flat_site, x_of_y
from support.gaming import EVENT, gaming_view, raised

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.gaming_flag import GamingFlag, GamingKind
from vpp.baseline.scoring.odd_exclusions import odd_exclusions
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.direction import Direction

RULE = x_of_y()


def flags(
    site: SiteMeter, *excluded: int, direction: Direction = Direction.LOAD_DOWN
) -> tuple[GamingFlag, ...]:
    site = replace(site, excluded_dates=frozenset(day_of(day) for day in excluded))
    baseline = compute_baseline(RULE, site, EVENT)
    assert isinstance(baseline, RuleBaseline)
    view = gaming_view(site, RULE, baseline=baseline, notice_at=None, direction=direction)
    return odd_exclusions(view)


def test_no_exclusions_no_flag() -> None:
    assert flags(flat_site(30)) == ()


def test_an_outage_is_not_odd() -> None:
    assert flags(raised(flat_site(30), 0.1, 0, 24, 28), 28) == ()


def test_excluding_a_day_at_a_usual_level_is_odd_but_raises_nothing() -> None:
    (flag,) = flags(flat_site(30), 28)
    assert (flag.kind, flag.value, flag.limit) == (GamingKind.EXCLUSION_NOT_LOW, 1.0, 0.75)
    assert "2026-02-02 at 100%" in flag.reason


def test_excluding_slightly_low_days_raises_the_baseline() -> None:
    # Days 28 and 25 at 80 %: with them the mean of five is 92, without them 100.
    site = raised(raised(flat_site(30), 0.8, 0, 24, 28), 0.8, 0, 24, 25)
    not_low, raises = flags(site, 28, 25)
    assert not_low.kind is GamingKind.EXCLUSION_NOT_LOW
    assert raises.kind is GamingKind.EXCLUSION_RAISES_BASELINE
    assert abs(raises.value - (100 / 92 - 1)) < 1e-9
    assert "8.7%" in raises.reason


def test_only_the_days_that_were_not_low_are_held_against_the_site() -> None:
    # Day 25 was an outage: readmitting it would lower the baseline, and that is no gain of the site's.
    site = raised(flat_site(30), 0.1, 0, 24, 25)
    (flag,) = flags(site, 28, 25)
    assert flag.kind is GamingKind.EXCLUSION_NOT_LOW
    assert "2026-01-30" not in flag.reason


def test_exclusions_on_other_kinds_of_days_do_not_matter() -> None:
    assert flags(flat_site(30), 26, 27) == ()


def test_where_more_is_asked_for_it_is_high_days_that_are_gainful_to_exclude() -> None:
    # Days 28 and 25 at 120 %: with them the mean of five is 108, without them 100.
    high = raised(raised(flat_site(30), 1.2, 0, 24, 28), 1.2, 0, 24, 25)
    not_low, lowers = flags(high, 28, 25, direction=Direction.LOAD_UP)
    assert not_low.kind is GamingKind.EXCLUSION_NOT_LOW
    assert lowers.kind is GamingKind.EXCLUSION_LOWERS_BASELINE
    assert abs(lowers.value - (1 - 100 / 108)) < 1e-9
    assert "would be higher: they lower it by 7.4%" in lowers.reason
    assert len(flags(high, 28, 25)) == 1
    low = raised(raised(flat_site(30), 0.8, 0, 24, 28), 0.8, 0, 24, 25)
    assert len(flags(low, 28, 25, direction=Direction.LOAD_UP)) == 1
