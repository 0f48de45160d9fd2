from datetime import UTC, datetime, timedelta

import pytest

from vpp.flexibility.site_guard import Accept, GuardReason, Order, Partial, Refuse, SiteLimits, judge
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = SiteLimits(max_reduction_kw=800.0, import_limit_kw=5000.0, max_clock_skew=timedelta(seconds=2))
ZERO = timedelta(0)
AVAILABLE = {"bess": 500.0, "gpu": 400.0}


def order(**changes: object) -> Order:
    fields: dict[str, object] = {
        "delivery": Interval(NOON, NOON + HOUR),
        "target_reduction_kw": (600.0, 700.0),
        "expires_at": NOON + HOUR,
    }
    return Order(**(fields | changes))  # type: ignore[arg-type]


def limits(**changes: object) -> SiteLimits:
    fields: dict[str, object] = {
        "max_reduction_kw": 800.0,
        "import_limit_kw": 5000.0,
        "max_clock_skew": timedelta(seconds=2),
    }
    return SiteLimits(**(fields | changes))  # type: ignore[arg-type]


def test_what_the_site_can_do_is_accepted() -> None:
    assert judge(LIMITS, order(), AVAILABLE, now=NOON - HOUR, clock_skew=ZERO) == Accept()
    assert judge(LIMITS, order(), AVAILABLE, now=NOON, clock_skew=ZERO) == Accept()  # at its start


@pytest.mark.parametrize(
    ("after_noon", "reason"),
    [
        (timedelta(microseconds=1), GuardReason.LATE),
        (HOUR - timedelta(microseconds=1), GuardReason.LATE),
        (HOUR, GuardReason.EXPIRED),
        (2 * HOUR, GuardReason.EXPIRED),
    ],
)
def test_an_order_that_comes_too_late_is_refused(after_noon: timedelta, reason: GuardReason) -> None:
    verdict = judge(LIMITS, order(), AVAILABLE, now=NOON + after_noon, clock_skew=ZERO)
    assert isinstance(verdict, Refuse)
    assert verdict.reason is reason


def test_an_emergency_may_arrive_within_its_tolerance() -> None:
    tolerant = limits(late_tolerance=timedelta(minutes=2))
    late = NOON + timedelta(minutes=2)
    assert judge(tolerant, order(), AVAILABLE, now=late, clock_skew=ZERO) == Accept()


@pytest.mark.parametrize(("minutes", "reason"), [(14, None), (15, None), (16, GuardReason.LATE)])
def test_a_site_that_joins_an_event_is_late_only_for_its_own_part(
    minutes: int, reason: GuardReason | None
) -> None:
    joining = order(target_reduction_kw=(0.0, 300.0, 300.0, 0.0))
    verdict = judge(LIMITS, joining, AVAILABLE, now=NOON + timedelta(minutes=minutes), clock_skew=ZERO)
    assert (verdict.reason if isinstance(verdict, Refuse) else None) is reason


def test_an_order_expires_before_its_start_if_it_says_so() -> None:
    expired = order(expires_at=NOON - HOUR)
    verdict = judge(LIMITS, expired, AVAILABLE, now=NOON - HOUR, clock_skew=ZERO)
    assert isinstance(verdict, Refuse)
    assert verdict.reason is GuardReason.EXPIRED


@pytest.mark.parametrize("skew_s", [-3, 3])
def test_clocks_that_differ_make_every_time_untrustworthy(skew_s: int) -> None:
    verdict = judge(LIMITS, order(), AVAILABLE, now=NOON, clock_skew=timedelta(seconds=skew_s))
    assert isinstance(verdict, Refuse)
    assert verdict.reason is GuardReason.CLOCK_SKEW


@pytest.mark.parametrize(
    ("start", "end", "is_refused"),
    [
        (NOON - HOUR, NOON, False),  # abuts
        (NOON + HOUR, NOON + 2 * HOUR, False),
        (NOON - HOUR, NOON + timedelta(seconds=1), True),
        (NOON + timedelta(minutes=10), NOON + timedelta(minutes=20), True),
    ],
)
def test_planned_work_keeps_its_own_time(start: datetime, end: datetime, *, is_refused: bool) -> None:
    closed = limits(blackouts=(Interval(start, end),))
    verdict = judge(closed, order(), AVAILABLE, now=NOON - HOUR, clock_skew=ZERO)
    if is_refused:
        assert isinstance(verdict, Refuse)
        assert verdict.reason is GuardReason.MAINTENANCE
    else:
        assert verdict == Accept()


def test_a_veto_takes_out_the_site_or_single_resources() -> None:
    def answer(vetoing: SiteLimits) -> Accept | Partial | Refuse:
        return judge(vetoing, order(), AVAILABLE, now=NOON, clock_skew=ZERO)

    for vetoing in (limits(site_vetoed=True), limits(vetoed_resource_ids=frozenset({"bess", "gpu"}))):
        verdict = answer(vetoing)
        assert isinstance(verdict, Refuse)
        assert verdict.reason is GuardReason.LOCAL_VETO
    partial = answer(limits(vetoed_resource_ids=frozenset({"gpu"})))
    assert isinstance(partial, Partial)
    assert (partial.reduction_kw, partial.reason) == (500.0, GuardReason.RESOURCE_UNAVAILABLE)


def test_beyond_the_sites_means_it_delivers_what_they_reach() -> None:
    verdict = judge(LIMITS, order(target_reduction_kw=(900.0,)), AVAILABLE, now=NOON, clock_skew=ZERO)
    assert isinstance(verdict, Partial)
    assert (verdict.reduction_kw, verdict.reason) == (800.0, GuardReason.SITE_LIMIT)
    assert verdict.detail == "site limit 800.000 kW, 900.000 kW asked"


def test_a_site_that_takes_all_or_nothing_refuses() -> None:
    strict = limits(accepts_in_part=False)
    verdict = judge(strict, order(target_reduction_kw=(801.0,)), AVAILABLE, now=NOON, clock_skew=ZERO)
    assert isinstance(verdict, Refuse)
    assert verdict.reason is GuardReason.SITE_LIMIT


@pytest.mark.parametrize("available", [{}, {"bess": 0.0}])
def test_nothing_available_is_a_refusal(available: dict[str, float]) -> None:
    verdict = judge(LIMITS, order(), available, now=NOON, clock_skew=ZERO)
    assert isinstance(verdict, Refuse)
    assert verdict.reason is GuardReason.RESOURCE_UNAVAILABLE


def test_the_import_limit_bounds_what_may_come_back() -> None:
    # 4800 kW after the event leave 200 kW for a rebound of 400 kW: half the target of 700 kW.
    asked = order(rebound_kw=400.0, course_after_kw=4800.0)
    verdict = judge(LIMITS, asked, AVAILABLE, now=NOON, clock_skew=ZERO)
    assert isinstance(verdict, Partial)
    assert (verdict.reduction_kw, verdict.reason) == (350.0, GuardReason.SITE_LIMIT)
    full = order(rebound_kw=400.0, course_after_kw=5000.0)
    assert isinstance(judge(LIMITS, full, AVAILABLE, now=NOON, clock_skew=ZERO), Refuse)


def test_bad_orders_and_limits_are_refused() -> None:
    with pytest.raises(InvalidInput, match="target_reduction_kw is empty"):
        order(target_reduction_kw=())
    with pytest.raises(InvalidInput, match="target_reduction_kw is -1"):
        order(target_reduction_kw=(-1.0,))
    with pytest.raises(InvalidInput, match="course_after_kw"):
        order(course_after_kw=float("nan"))
    with pytest.raises(InvalidInput, match="max_clock_skew"):
        limits(max_clock_skew=timedelta(seconds=-1))
