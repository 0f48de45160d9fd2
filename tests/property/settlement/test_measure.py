"""Energies are exact from the moment they are Decimals."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.interval import Interval
from vpp.settlement.delivery import measured_intervals
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POWER = st.floats(-1e6, 1e6) | st.just(float("nan"))


@given(
    st.lists(st.tuples(POWER, POWER, st.sampled_from(list(MeterQuality))), min_size=1, max_size=6),
    st.sampled_from([5, 15, 20, 30, 60]),
)
def test_delivered_is_baseline_less_metered(
    rows: list[tuple[float, float, MeterQuality]], minutes: int
) -> None:
    step = timedelta(minutes=minutes)
    baseline = [row[0] for row in rows]
    measured = measured_intervals(
        "north-1",
        [Interval(NOON + n * step, NOON + (n + 1) * step) for n in range(len(rows))],
        award_kw=[0.0] * len(rows),
        target_kw=[0.0] * len(rows),
        baseline_raw_kw=baseline,
        baseline_kw=baseline,
        metered_kw=[row[1] for row in rows],
        quality=[row[2] for row in rows],
    )
    for each, (base_kw, load_kw, quality) in zip(measured, rows, strict=True):
        assert (each.baseline_kwh is None) == math.isnan(base_kw)
        if each.metered_kwh is None:
            assert each.quality in {MeterQuality.MISSING, MeterQuality.BAD}
            assert each.delivered_kwh is None
            continue
        assert each.quality is quality
        assert abs(float(each.metered_kwh) - load_kw * minutes / 60) <= 0.000501
        if quality is MeterQuality.BAD:
            assert each.delivered_kwh is None
        elif each.baseline_kwh is not None:
            assert each.delivered_kwh == each.baseline_kwh - each.metered_kwh
            assert each.delivered_kwh is not None
            assert each.delivered_kwh == each.delivered_kwh.quantize(Decimal("0.001"))
