from dataclasses import replace

import pandas as pd
import pytest

from vpp.baseline.scoring.day_ahead_row import DayAheadResult, DayAheadRow
from vpp.baseline.scoring.day_ahead_summary import mae_against, summarise_day_ahead

ROW = DayAheadRow(
    series="a",
    method="x",
    day_count=10,
    missing_day_count=0,
    mae_kw=1.0,
    rmae_ratio=0.5,
    mase_ratio=0.6,
    cvrmse_ratio=0.1,
    bias_ratio=0.02,
    pinball_ratio=0.01,
    coverage_ratio=0.8,
    width_ratio=0.2,
    cpu_s=1.0,
    verified=True,
    notes=(),
)


def test_series_count_alike_and_unknown_figures_are_left_out() -> None:
    rows = (
        ROW,
        replace(
            ROW, series="b", rmae_ratio=2.0, cvrmse_ratio=0.2, bias_ratio=-0.04, day_count=5, verified=False
        ),
        replace(ROW, series="c", rmae_ratio=None, mase_ratio=None, cvrmse_ratio=0.6, pinball_ratio=None),
        replace(ROW, method="y", rmae_ratio=None, pinball_ratio=None),
    )
    x, y = summarise_day_ahead(DayAheadResult(rows, (), pd.DataFrame()))
    assert (x.method, x.series_count, x.day_count, x.cpu_s, x.verified) == ("x", 3, 25, 3.0, False)
    assert x.rmae_ratio == pytest.approx(1.0)
    assert (x.mase_ratio, x.pinball_ratio) == (pytest.approx(0.6), pytest.approx(0.01))
    assert (x.cvrmse_median_ratio, x.cvrmse_mean_ratio) == (pytest.approx(0.2), pytest.approx(0.3))
    assert (x.bias_ratio, x.absolute_bias_ratio) == (pytest.approx(0.0), pytest.approx(0.08 / 3))
    assert (y.method, y.rmae_ratio, y.pinball_ratio) == ("y", None, None)


def test_methods_are_held_against_each_other_where_both_forecast() -> None:
    # Series a: errors 1, 3 against 2, 6; what only one forecast is left out. Series b: 4 against 2.
    rows = [
        ("a", "x", 0, 1.0),
        ("a", "x", 1, 3.0),
        ("a", "x", 2, 99.0),
        ("a", "y", 0, 2.0),
        ("a", "y", 1, -6.0),
        ("b", "x", 0, 4.0),
        ("b", "y", 0, 2.0),
        ("c", "x", 0, 4.0),
    ]
    table = pd.DataFrame(rows, columns=["series", "method", "start_time", "p50_kw"]).assign(actual_kw=0.0)
    result = DayAheadResult((), (), table)
    assert mae_against(result, "x", "y") == pytest.approx((0.5 * 2.0) ** 0.5)
    assert mae_against(result, "x", "z") is None
    assert mae_against(DayAheadResult((), (), pd.DataFrame()), "x", "y") is None
