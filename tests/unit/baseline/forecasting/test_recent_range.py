import numpy as np
from support.hourly_panels import M, panel_of

from vpp.baseline.forecasting.recent_range import within_recent_range


def test_each_slot_stays_within_its_range_and_half_of_it() -> None:
    load_kw = np.tile(np.arange(float(M)), 40)
    load_kw[: 12 * M] = 500.0  # more than four weeks ago
    load_kw[-M:] += 10.0
    wild = np.array([[[-99.0, 99.0, 7.0, np.nan]]])
    found = within_recent_range(panel_of(load_kw), wild, np.array([40 * M + 2]), 40 * M)[0, 0]
    np.testing.assert_array_equal(found, [2.0 - 5.0, 3.0 + 10.0 + 5.0, 7.0, np.nan])
