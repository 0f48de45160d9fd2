"""The load of several sites together."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.workflows.aggregate_baselines import SummedLoad, added_up

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAN = float("nan")
FIRST, SECOND = Interval(NOON, NOON + HOUR), Interval(NOON + HOUR, NOON + 2 * HOUR)


def load(
    values_kw: list[float],
    *,
    start: datetime = NOON,
    device_kw: list[float] | None = None,
    events: frozenset[Interval] = frozenset(),
) -> SummedLoad:
    return SummedLoad(
        load_kw=regular(values_kw, start, HOUR),
        device_kw=None if device_kw is None else regular(device_kw, start, HOUR),
        events=events,
        masked=frozenset(),
        contract_kw=100.0,
    )


def test_the_sum_begins_where_the_youngest_does_and_a_gap_is_a_gap() -> None:
    found = added_up([load([1.0, 2.0, NAN, 4.0]), load([10.0, 20.0], start=NOON + 2 * HOUR)])
    pd.testing.assert_series_equal(found.load_kw, regular([NAN, 24.0], NOON + 2 * HOUR, HOUR))
    assert (found.device_kw, found.contract_kw) == (None, 200.0)


def test_sites_without_a_device_give_nothing_by_it() -> None:
    found = added_up([load([1.0, 2.0], device_kw=[5.0, -5.0]), load([1.0, 2.0])])
    assert found.device_kw is not None
    np.testing.assert_array_equal(found.device_kw, [5.0, -5.0])


def test_a_day_on_which_one_of_them_delivered_is_an_event_day_of_all() -> None:
    found = added_up([load([1.0], events=frozenset({FIRST})), load([1.0], events=frozenset({FIRST, SECOND}))])
    assert found.events == {FIRST, SECOND}


def test_the_parts_of_parts_are_the_same_sum() -> None:
    parts = [load([1.0, 2.0]), load([3.0, 4.0]), load([5.0, 6.0])]
    at_once, by_two = added_up(parts), added_up([added_up(parts[:2]), parts[2]])
    np.testing.assert_array_equal(at_once.load_kw, by_two.load_kw)
    assert by_two.contract_kw == 300.0
