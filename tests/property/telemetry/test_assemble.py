"""What was received first matters only where batches overlap."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.interval import Interval
from vpp.telemetry.assemble import assemble
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.metering_energy import metering_energy
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SPAN = Interval(NOON, NOON + 24 * QUARTER)
POWER_KW = st.floats(-1e6, 1e6, allow_subnormal=False)
QUALITIES = st.sampled_from(MeterQuality)


def batch(position: int, values_kw: list[float], quality: MeterQuality) -> TelemetryBatch:
    return TelemetryBatch("north", 1, NOON + position * QUARTER, QUARTER, np.array(values_kw), quality)


@st.composite
def disjoint_batches(draw: st.DrawFn) -> list[TelemetryBatch]:
    cuts = sorted(draw(st.sets(st.integers(-4, 28), min_size=2, max_size=8)))
    batches = []
    for begin, end in pairwise(cuts):
        if draw(st.booleans()):
            values_kw = draw(st.lists(POWER_KW, min_size=end - begin, max_size=end - begin))
            batches.append(batch(begin, values_kw, draw(QUALITIES)))
    return batches


OVERLAPPING = st.lists(
    st.builds(batch, st.integers(-4, 27), st.lists(POWER_KW, min_size=1, max_size=9), QUALITIES), max_size=6
)


@given(disjoint_batches(), st.randoms(use_true_random=False))
def test_disjoint_batches_may_come_in_any_order(batches: list[TelemetryBatch], source: random.Random) -> None:
    shuffled = list(batches)
    source.shuffle(shuffled)
    one, other = assemble(batches, SPAN, QUARTER), assemble(shuffled, SPAN, QUARTER)
    np.testing.assert_array_equal(one.net_power_kw, other.net_power_kw)
    np.testing.assert_array_equal(one.quality, other.quality)
    assert one.conflict_count == other.conflict_count == 0


@given(OVERLAPPING)
def test_every_interval_shows_the_last_batch_that_covers_it(batches: list[TelemetryBatch]) -> None:
    series = assemble(batches, SPAN, QUARTER)
    for n, at in enumerate(NOON + k * QUARTER for k in range(24)):
        covering = [one for one in batches if one.start_at <= at < one.end_at]
        expected = covering[-1].quality if covering else MeterQuality.MISSING
        assert series.quality[n] == expected
        if expected is not MeterQuality.MISSING:
            value_kw = covering[-1].net_power_kw[(at - covering[-1].start_at) // QUARTER]
            assert series.net_power_kw.iloc[n] == value_kw


@given(OVERLAPPING)
def test_receiving_everything_again_changes_nothing_but_the_conflicts(batches: list[TelemetryBatch]) -> None:
    once, twice = assemble(batches, SPAN, QUARTER), assemble(batches * 2, SPAN, QUARTER)
    np.testing.assert_array_equal(once.net_power_kw, twice.net_power_kw)
    np.testing.assert_array_equal(once.quality, twice.quality)


@given(OVERLAPPING, st.sampled_from([1, 2, 3, 4]))
def test_resampling_conserves_the_energy_of_complete_intervals(
    batches: list[TelemetryBatch], ratio: int
) -> None:
    fine = assemble(batches, SPAN, QUARTER)
    coarse = metering_energy(fine, ratio * QUARTER)
    by_interval = fine.energy_kwh.to_numpy().reshape(-1, ratio)
    complete = ~np.isnan(by_interval).any(axis=1)
    np.testing.assert_array_equal(complete, coarse.quality != MeterQuality.MISSING)
    np.testing.assert_allclose(
        coarse.energy_kwh[complete], by_interval[complete].sum(axis=1), rtol=1e-9, atol=1e-6
    )
