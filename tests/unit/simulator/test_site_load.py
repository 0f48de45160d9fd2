from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.simulator.power_model import PowerModel
from vpp.simulator.site_load import SiteLoad, read_load, save_load

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK_LENGTH = 168


def load(length: int = WEEK_LENGTH + 3) -> SiteLoad:
    values = np.arange(length, dtype=np.float64)
    return SiteLoad(MONDAY, HOUR, values + 100.0, values, values / 2.0)


def test_a_load_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    save_load(tmp_path / "load.npz", load())
    found = read_load(tmp_path / "load.npz")
    assert (found.start, found.step) == (MONDAY, HOUR)
    assert np.array_equal(found.net_kw, load().net_kw)
    assert np.array_equal(found.cooling_kw, load().cooling_kw)


def test_a_load_may_be_a_csv_file(tmp_path: Path) -> None:
    lines = [f"{(MONDAY + n * HOUR).isoformat()},{n + 100.0},{float(n)},{n / 2}" for n in range(WEEK_LENGTH)]
    path = tmp_path / "load.csv"
    path.write_text("start_time,net_kw,it_kw,cooling_kw\n" + "\n".join(lines))
    assert np.array_equal(read_load(path).net_kw, load(WEEK_LENGTH).net_kw)
    del lines[5]
    path.write_text("start_time,net_kw,it_kw,cooling_kw\n" + "\n".join(lines))
    with pytest.raises(InvalidInput, match="regular grid"):
        read_load(path)


def test_after_the_end_the_last_week_repeats() -> None:
    series = load()
    assert series.position(WEEK_LENGTH + 2) == WEEK_LENGTH + 2
    assert series.position(WEEK_LENGTH + 3) == 3
    assert series.position(2 * WEEK_LENGTH + 3) == 3


@pytest.mark.parametrize(
    ("start", "values", "named"),
    [
        (datetime(2026, 3, 2), np.zeros(WEEK_LENGTH), "not in UTC"),  # noqa: DTZ001  naive on purpose
        (MONDAY, np.zeros(10), "at least 168"),
        (MONDAY, np.full(WEEK_LENGTH, np.nan), "not finite"),
    ],
)
def test_what_is_no_load_is_refused(start: datetime, values: np.ndarray, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        SiteLoad(start, HOUR, values, values, values)


def test_power_follows_utilisation_and_cooling_follows_the_weather() -> None:
    model = PowerModel(
        nameplate_kw=1000.0,
        idle_ratio=0.4,
        fixed_ratio=0.05,
        proportional_ratio=0.1,
        reference_cop=4.0,
        cop_slope_per_kelvin=0.1,
        mean_celsius=20.0,
        swing_kelvin=10.0,
    )
    result = model.load(MONDAY, HOUR, np.full(WEEK_LENGTH, 0.5))
    assert result.it_kw[0] == pytest.approx(700.0)
    # At 15:00 it is 30 Celsius and the COP is 3; at 03:00 it is 10 Celsius and the COP is 5.
    assert result.cooling_kw[15] == pytest.approx(700.0 / 3.0)
    assert result.cooling_kw[3] == pytest.approx(140.0)
    assert result.net_kw[15] == pytest.approx(700.0 * 1.1 + 50.0 + 700.0 / 3.0)
