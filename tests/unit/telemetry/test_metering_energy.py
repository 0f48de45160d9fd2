from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import regular
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.metering_energy import metering_energy
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIVE = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
OK, ESTIMATED, MISSING, BAD = MeterQuality


def metered(values_kw: list[float], codes: list[MeterQuality], start: datetime = NOON) -> MeteredSeries:
    return MeteredSeries(regular(values_kw, start, FIVE), np.array(codes, dtype=np.int8), conflict_count=3)


def test_mean_power_and_worst_quality_of_each_interval() -> None:
    fine = metered([1, 2, 6, 4, 4, 4, 5, 5, 8], [OK, OK, ESTIMATED, OK, OK, OK, OK, BAD, ESTIMATED])
    coarse = metering_energy(fine, QUARTER)
    assert coarse.net_power_kw.tolist() == [3.0, 4.0, 6.0]
    assert coarse.energy_kwh.tolist() == [0.75, 1.0, 1.5]
    assert coarse.quality.tolist() == [ESTIMATED, OK, BAD]
    assert coarse.conflict_count == 3


def test_one_missing_sample_makes_the_interval_missing_even_beside_a_bad_one() -> None:
    coarse = metering_energy(metered([1, np.nan, 3], [OK, MISSING, BAD]), QUARTER)
    assert np.isnan(coarse.net_power_kw).all()
    assert coarse.quality.tolist() == [MISSING]


def test_energy_is_conserved() -> None:
    fine = metered([1.5, 2.5, 3.25] * 4, [OK] * 12)
    assert metering_energy(fine, timedelta(hours=1)).energy_kwh.sum() == pytest.approx(fine.energy_kwh.sum())


def test_an_incomplete_last_interval_is_left_out() -> None:
    assert len(metering_energy(metered([1, 2, 3, 4], [OK] * 4), QUARTER).quality) == 1


def test_less_than_one_interval_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one whole"):
        metering_energy(metered([1, 2], [OK] * 2), QUARTER)


def test_a_series_off_the_settlement_grid_is_refused() -> None:
    with pytest.raises(InvalidInput, match="does not fit"):
        metering_energy(metered([1, 2, 3], [OK] * 3, start=NOON + FIVE), QUARTER)


@pytest.mark.parametrize("codes", [[OK, OK], [MISSING, MISSING], [OK]])
def test_gap_and_quality_must_agree(codes: list[MeterQuality]) -> None:
    with pytest.raises(InvalidInput, match="MISSING exactly where"):
        metered([1.0, np.nan], codes)
