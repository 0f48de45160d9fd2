"""A table says the same in any order of its rows."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from vpp.telemetry.meter_format import MeterFormat
from vpp.telemetry.meter_table import read_meter_table

NOON, QUARTER = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=15)
VALUES = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_subnormal=False))
ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["north", "east"]), st.integers(0, 40)), VALUES, min_size=1, max_size=40
)


def frame(rows: list[tuple[tuple[str, int], float | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site": [site for (site, _), _ in rows],
            "start_time": [(NOON + at * QUARTER).isoformat() for (_, at), _ in rows],
            "net_power_kw": ["" if value is None else repr(value) for _, value in rows],
        }
    )


OPTIONS = MeterFormat(step=QUARTER)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    rows: dict[tuple[str, int], float | None], source: random.Random
) -> None:
    shuffled = list(rows.items())
    source.shuffle(shuffled)
    ones, others = (
        read_meter_table(frame(sorted(rows.items())), OPTIONS),
        read_meter_table(frame(shuffled), OPTIONS),
    )
    for one, other in zip(ones, others, strict=True):
        assert one.site == other.site
        pd.testing.assert_series_equal(one.net_power_kw, other.net_power_kw)
        np.testing.assert_array_equal(one.flag, other.flag)


@given(ROWS)
def test_every_cell_is_where_it_belongs(rows: dict[tuple[str, int], float | None]) -> None:
    sites = {one.site: one.net_power_kw for one in read_meter_table(frame(list(rows.items())), OPTIONS)}
    count = 0
    for (site, at), value in rows.items():
        found = sites[site].loc[NOON + at * QUARTER]
        assert np.isnan(found) if value is None else found == value
        count += value is not None
    assert sum(int(series.notna().sum()) for series in sites.values()) == count


@given(ROWS)
def test_repeating_all_rows_changes_nothing(rows: dict[tuple[str, int], float | None]) -> None:
    table = frame(list(rows.items()))
    once, twice = read_meter_table(table, OPTIONS), read_meter_table(pd.concat([table, table]), OPTIONS)
    for one, other in zip(once, twice, strict=True):
        pd.testing.assert_series_equal(one.net_power_kw, other.net_power_kw)
        np.testing.assert_array_equal(one.flag, other.flag)
