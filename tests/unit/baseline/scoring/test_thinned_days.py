import pytest
from support.baseline_sites import day_of, noisy_site, span, x_of_y
from support.gaming import baseline_of, gaming_view

from vpp.baseline.scoring.gaming_flag import GamingKind
from vpp.baseline.scoring.thinned_days import old_days, thinned_days

# Days 0..28 before the event on day 29 hold 21 workdays.
WORKDAYS = [day for day in range(29) if day % 7 < 5]


@pytest.mark.parametrize(
    ("event_count", "excluded_count", "flagged"), [(10, 0, False), (11, 0, True), (6, 5, True)]
)
def test_more_than_half_of_the_like_days_taken_away(
    event_count: int, excluded_count: int, *, flagged: bool
) -> None:
    site = noisy_site(
        30,
        events=[span(day, 17, 21) for day in WORKDAYS[:event_count]],
        excluded_dates=frozenset(day_of(day) for day in WORKDAYS[-excluded_count:] if excluded_count),
    )
    flag = thinned_days(gaming_view(site))
    assert (flag is not None) is flagged
    if flag is not None:
        assert (flag.kind, flag.value, flag.limit) == (GamingKind.THINNED_DAYS, 11 / 21, 0.5)
        assert "11 of 21 like days" in flag.reason


def test_days_of_another_class_and_beyond_the_look_back_do_not_count() -> None:
    weekends = [span(day, 17, 21) for day in range(29) if day % 7 >= 5]
    assert thinned_days(gaming_view(noisy_site(30, events=weekends))) is None
    short = x_of_y(
        days={"classes": [{"kinds": ["workday"], "average": 2, "candidates": 2}], "lookback_days": 7}
    )
    early = [span(day, 17, 21) for day in WORKDAYS if day < 22]
    assert thinned_days(gaming_view(noisy_site(30, events=early), short)) is None


def test_old_days_are_flagged_only_where_younger_ones_were_taken_away() -> None:
    long = x_of_y(
        days={"classes": [{"kinds": ["workday"], "average": 2, "candidates": 2}], "lookback_days": 90}
    )
    events = [span(day, 17, 21) for day in (28, 25)]
    old = baseline_of([24, 29 - 46])
    flag = old_days(gaming_view(noisy_site(30, events=events), long, baseline=old))
    assert flag is not None
    assert (flag.kind, flag.value, flag.limit) == (GamingKind.OLD_DAYS, 46.0, 45.0)
    assert "46 days back" in flag.reason
    assert "2 younger" in flag.reason
    assert old_days(gaming_view(noisy_site(30), long, baseline=old)) is None
    just = baseline_of([24, 29 - 45])
    assert old_days(gaming_view(noisy_site(30, events=events), long, baseline=just)) is None
    assert old_days(gaming_view(noisy_site(30, events=events), long, baseline=baseline_of([]))) is None
