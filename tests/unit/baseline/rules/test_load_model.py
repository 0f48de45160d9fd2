import numpy as np
import pytest
from support.rule_cases import DAY, MONDAY, daily_load, event_on, site_of, view_of

from vpp.baseline.rules.load_model import DayShares, equal_or_weighted, shared_mean

EVENT = event_on(MONDAY + 3 * DAY)


def test_an_interval_leaves_out_the_days_that_lack_it() -> None:
    by_day = np.array([[1.0, np.nan, np.nan], [4.0, 5.0, np.nan]])
    np.testing.assert_allclose(shared_mean(by_day, np.array([3.0, 1.0])), [1.75, 5.0, np.nan])


@pytest.mark.parametrize(
    ("weights", "count", "expected"),
    [
        ((), 2, [1, 1]),
        ((0.5, 0.3, 0.2), 3, [0.5, 0.3, 0.2]),
        ((0.5, 0.3, 0.2), 2, [0.5, 0.3]),
        ((0, 1), 1, [1]),
    ],
)
def test_fewer_days_share_by_the_first_weights(
    weights: tuple[float, ...], count: int, expected: list[float]
) -> None:
    assert equal_or_weighted(weights, count).tolist() == expected


def test_only_event_days_that_were_chosen_show_their_load() -> None:
    load = daily_load(MONDAY, 10, 20, 30)
    events = (event_on(MONDAY), event_on(MONDAY + DAY))
    view = view_of(site_of(load, events=events), EVENT)
    hidden = DayShares((1, 2, 3), np.ones(3))
    assert hidden.load_kw(view, EVENT).tolist() == [30.0, 30.0]
    shown = DayShares((1, 2, 3), np.ones(3), frozenset({2}))
    assert shown.load_kw(view, EVENT).tolist() == [25.0, 25.0]
