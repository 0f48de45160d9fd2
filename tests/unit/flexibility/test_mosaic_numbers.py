from datetime import timedelta

import pytest

from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeRecovery,
    EnvelopeUse,
    FlexDirection,
    RecoveryShape,
)
from vpp.flexibility.mosaic_numbers import added_up_kw, nothing, resource_numbers, site_numbers
from vpp.flexibility.site_envelope import shared_cooling

DOWN = FlexDirection.LOAD_DOWN
HOUR = timedelta(hours=1)


def able(resource_id: str, kw: float, kwh: float, **changes: object) -> Envelope:
    fields: dict[str, object] = {"confidence": DeliveryConfidence(0.9)}
    return Envelope(  # type: ignore[misc]
        resource_id,
        DOWN,
        Boundary.POC,
        kw,
        kwh,
        timedelta(days=1),
        **(fields | changes),  # type: ignore[arg-type]
    )


def test_the_four_numbers_of_a_resource() -> None:
    recovery = EnvelopeRecovery(1000.0, RecoveryShape.FLAT, 500.0, 2 * HOUR)
    numbers = resource_numbers(
        able("bess", 1000.0, 2000.0, delay=timedelta(seconds=1), ramp_kw_per_s=500.0, recovery=recovery)
    )
    assert numbers.magnitude_kw == 900.0
    assert numbers.timing_s == 3.0
    assert numbers.duration_h == 2.0
    assert numbers.activations_per_year == 8760.0 / 4.0  # two hours of use, two of recharge
    assert numbers.hours_per_year == 4380.0


@pytest.mark.parametrize(
    ("use", "times"),
    [
        (EnvelopeUse(max_activations_per_day=2), 730.0),
        (EnvelopeUse(max_activations_per_year=20), 20.0),
        (EnvelopeUse(max_hours_per_year=50.0), 25.0),  # fifty hours of two each
        (EnvelopeUse(rest=6 * HOUR), 8760.0 / 8.0),
    ],
)
def test_the_scarcest_limit_says_how_often(use: EnvelopeUse, times: float) -> None:
    assert resource_numbers(able("diesel", 100.0, 200.0, use=use)).activations_per_year == pytest.approx(
        times
    )


def test_what_can_do_nothing_has_zeros() -> None:
    assert resource_numbers(able("empty", 0.0, 0.0)) == nothing(DOWN)
    assert site_numbers([able("empty", 0.0, 0.0)], DOWN, HOUR) == nothing(DOWN)


def test_a_site_is_less_than_the_sum_of_its_resources() -> None:
    cooling = able("cooling", 100.0, 400.0)
    computers = able("gpu", 900.0, 9000.0)
    shared = [shared_cooling(120.0, ["cooling"], ["gpu"], 0.125)]
    numbers = site_numbers([cooling, computers], DOWN, HOUR, shared=shared)
    # The cut of 900 kW saves 100 kW of cooling already, so of 120 kW only 20 are left: 0.9 x 920 kW.
    assert numbers.magnitude_kw == pytest.approx(828.0)
    assert added_up_kw([cooling, computers], HOUR) == pytest.approx(900.0)
    assert numbers.duration_h == pytest.approx(10.0)  # as long as the computers, 9,000 / 900


def test_the_longest_for_which_a_site_gives_as_much() -> None:
    numbers = site_numbers([able("bess", 100.0, 250.0)], DOWN, HOUR)
    assert (numbers.magnitude_kw, numbers.duration_h) == (90.0, 2.5)


def test_a_site_sheds_no_more_than_there_is() -> None:
    assert site_numbers([able("ups", 900.0, 9000.0)], DOWN, HOUR, bound_kw=300.0).magnitude_kw == 270.0


def test_the_scarcest_and_slowest_decide_for_the_site() -> None:
    quick = able("bess", 100.0, 1000.0)
    slow = able(
        "diesel", 100.0, 1000.0, delay=timedelta(minutes=1), use=EnvelopeUse(max_activations_per_year=12)
    )
    numbers = site_numbers([quick, slow], DOWN, HOUR)
    assert (numbers.timing_s, numbers.activations_per_year) == (60.0, 12.0)
