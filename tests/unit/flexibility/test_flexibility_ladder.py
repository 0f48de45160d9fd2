from datetime import timedelta

import pytest

from vpp.flexibility.envelope import Boundary, DeliveryConfidence, Envelope, FlexDirection
from vpp.flexibility.flexibility_ladder import ladder
from vpp.flexibility.site_envelope import shared_carried_load


def able(resource_id: str, kw: float, kwh: float, delay_s: float = 0.0) -> Envelope:
    return Envelope(
        resource_id,
        FlexDirection.LOAD_DOWN,
        Boundary.POC,
        kw,
        kwh,
        timedelta(days=1),
        DeliveryConfidence(0.8),
        delay=timedelta(seconds=delay_s),
    )


def test_what_is_late_for_a_rung_is_not_on_it() -> None:
    (row,) = ladder([able("diesel", 100.0, 1000.0, delay_s=60.0)])
    assert row.alone_kw == (0.0, 100.0, 100.0, 100.0)
    assert row.firm_kw == pytest.approx((0.0, 80.0, 80.0, 80.0))


def test_energy_bounds_the_long_rungs() -> None:
    (row,) = ladder([able("ups", 1200.0, 100.0)])
    assert row.alone_kw == pytest.approx((1200.0, 1200.0, 200.0, 100.0 / 3.0))


def test_what_is_switched_off_the_ups_cannot_carry() -> None:
    shared = [shared_carried_load(1000.0, ["ups"], ["gpu"], 0.0)]
    ups, gpu = ladder([able("ups", 1000.0, 1000.0), able("gpu", 400.0, 9000.0)], shared=shared)
    assert (ups.alone_kw[0], ups.together_kw[0] + gpu.together_kw[0]) == (1000.0, 1000.0)


def test_no_rung_passes_what_there_is_to_shed() -> None:
    rows = ladder([able("a", 500.0, 9000.0), able("b", 500.0, 9000.0)], bound_kw=600.0)
    for rung in range(4):
        assert sum(row.together_kw[rung] for row in rows) == pytest.approx(600.0)
