from decimal import Decimal

import numpy as np

from vpp.foundation.direction import Direction


def test_a_gap_stays_a_gap() -> None:
    baseline_kw, metered_kw = np.array([100.0, np.nan, 100.0]), np.array([70.0, 70.0, np.nan])
    for direction, expected in ((Direction.LOAD_DOWN, 30.0), (Direction.LOAD_UP, -30.0)):
        found = direction.delivered(baseline_kw, metered_kw)
        np.testing.assert_array_equal(found, [expected, np.nan, np.nan])


def test_exact_energy_stays_exact() -> None:
    assert Direction.LOAD_UP.delivered(Decimal("100.001"), Decimal("130.1")) == Decimal("30.099")
    assert Direction.LOAD_UP.level(Decimal("100.001"), Decimal("30.099")) == Decimal("130.100")


def test_one_number_counts_for_every_value() -> None:
    baseline_kw = np.array([100.0, 80.0])
    np.testing.assert_array_equal(Direction.LOAD_DOWN.delivered(baseline_kw, 0.0), baseline_kw)
    np.testing.assert_array_equal(Direction.LOAD_UP.delivered(baseline_kw, 0.0), -baseline_kw)


def test_each_is_the_other_of_the_other() -> None:
    assert [direction.other for direction in Direction] == [Direction.LOAD_UP, Direction.LOAD_DOWN]
