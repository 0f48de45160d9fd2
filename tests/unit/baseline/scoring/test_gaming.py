from dataclasses import replace

from support.baseline_sites import additive, at, day_of, noisy_site, span, x_of_y
from support.gaming import EVENT, EVENT_DAY, raised

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.gaming import gaming_flags
from vpp.baseline.scoring.gaming_flag import GamingFlag, GamingKind
from vpp.baseline.site_meter import SiteMeter

RULE = x_of_y(adjustment=additive(4, 1))
NOTICE = at(EVENT_DAY, 13)


def found(site: SiteMeter) -> tuple[GamingFlag, ...]:
    baseline = compute_baseline(RULE, site, EVENT, notice_at=NOTICE)
    assert isinstance(baseline, RuleBaseline)
    return gaming_flags(RULE, site, EVENT, baseline, notice_at=NOTICE)


def test_an_honest_site_has_no_flag() -> None:
    assert found(noisy_site(31)) == ()


def test_every_sign_at_once_comes_in_its_order() -> None:
    workdays = [day for day in range(EVENT_DAY) if day % 7 < 5]
    site = noisy_site(
        31,
        events=[span(day, 17, 21) for day in workdays[4:-4]],
        excluded_dates=frozenset(day_of(day) for day in (28, 25)),
    )
    for day in (28, 25):
        site = raised(site, 0.85, 0, 24, day)
    flags = found(raised(site, 1.5, 13, 17))
    assert [flag.kind for flag in flags] == [
        GamingKind.RAISED_LOAD,
        GamingKind.PRE_EVENT_RAMP,
        GamingKind.THINNED_DAYS,
        GamingKind.EXCLUSION_NOT_LOW,
        GamingKind.EXCLUSION_RAISES_BASELINE,
    ]
    assert all(flag.value > flag.limit for flag in flags)


def test_what_happens_in_and_after_the_event_changes_nothing() -> None:
    site = raised(noisy_site(31), 1.4, 13, 16)
    later = raised(raised(site, 0.2, 17, 24), 9.0, 0, 24, EVENT_DAY + 1)
    assert found(later) == found(site) != ()
    cut = replace(site, net_power_kw=site.net_power_kw[: at(EVENT_DAY, 16)])
    assert found(cut) == found(site)
