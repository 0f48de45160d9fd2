import pytest

from vpp.flexibility.chiller_curves import WATER_COOLED


def test_a_last_bit_short_of_the_flat_stretch_still_pays_for_it() -> None:
    flat = WATER_COOLED.relative_power(WATER_COOLED.min_unloading_ratio)
    assert WATER_COOLED.part_load_ratio_at(flat * (1 - 1e-15)) == pytest.approx(
        WATER_COOLED.min_unloading_ratio
    )
    assert WATER_COOLED.part_load_ratio_at(flat * 0.99) < WATER_COOLED.min_part_load_ratio
