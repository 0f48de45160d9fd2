import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from vpp.flexibility.envelope import Boundary, DeliveryConfidence, Envelope, EnvelopeRecovery, FlexDirection
from vpp.flexibility.site_envelope import (
    held_kw,
    shared_carried_load,
    shared_cooling,
    shared_store,
    site_envelope,
)
from vpp.foundation.errors import InvalidInput

HALF_HOUR = timedelta(minutes=30)


def able(resource_id: str, kw: float, kwh: float = 10_000.0, **changes: object) -> Envelope:
    fields: dict[str, object] = {
        "resource_id": resource_id,
        "direction": FlexDirection.LOAD_DOWN,
        "boundary": Boundary.POC,
        "p_max_kw": kw,
        "energy_budget_kwh": kwh,
        "max_duration": timedelta(days=1),
        "confidence": DeliveryConfidence(0.9),
        "recovery": EnvelopeRecovery(energy_kwh=100.0, cap_kw=50.0),
    }
    return Envelope(**(fields | changes))  # type: ignore[arg-type]


def powers(site: object) -> dict[str, float]:
    return {part.resource_id: part.p_max_kw for part in site.parts}  # type: ignore[attr-defined]


def test_what_a_cut_of_computers_saves_the_cooling_cannot_save_again() -> None:
    gpu, cooling = able("gpu", 900.0), able("chiller", 180.0)
    shared = shared_cooling(180.0, ["chiller"], ["gpu"], 0.125)
    site = site_envelope([gpu, cooling], HALF_HOUR, shared=[shared])
    # 900 kW at the meter are 800 kW of computers and 100 kW of cooling; 80 are left.
    assert powers(site) == {"gpu": 900.0, "chiller": pytest.approx(80.0)}
    assert site.p_max_kw == pytest.approx(980.0)
    assert site.promised_kw == pytest.approx(882.0)
    assert site_envelope([gpu, cooling], HALF_HOUR).p_max_kw == 1080.0  # what adding up would claim


def test_a_ups_cannot_take_over_what_was_switched_off() -> None:
    site = site_envelope(
        [able("gpu", 900.0), able("ups", 1000.0)],
        HALF_HOUR,
        shared=[shared_carried_load(1000.0, ["ups"], ["gpu"], 0.125)],
    )
    assert powers(site) == {"gpu": 900.0, "ups": pytest.approx(200.0)}  # 1000 - 900 / 1.125


def test_one_battery_counts_once() -> None:
    pair = [able("bess", 500.0, 400.0), able("peak-shaver", 500.0, 400.0)]
    site = site_envelope(pair, HALF_HOUR, shared=[shared_store(["bess", "peak-shaver"], 500.0, 400.0)])
    assert site.p_max_kw == 500.0
    assert site.energy_budget_kwh == 400.0
    assert site.left_out == {"peak-shaver": "others use what it would save"}
    long = site_envelope(pair, 2 * HALF_HOUR, shared=[shared_store(["bess", "peak-shaver"], 500.0, 400.0)])
    assert long.p_max_kw == 400.0  # the store's energy over an hour


def test_of_resources_that_exclude_each_other_those_that_give_most_are_kept() -> None:
    ups = able("ups", 300.0, excludes=frozenset({"diesel"}))
    diesel, pool = able("diesel", 400.0), able("pool", 200.0, excludes=frozenset({"diesel"}))
    site = site_envelope([ups, diesel, pool], HALF_HOUR)
    assert powers(site) == {"ups": 300.0, "pool": 200.0}
    assert site.left_out == {"diesel": "cannot be used with pool, ups"}
    alone = site_envelope([ups, diesel], HALF_HOUR)
    assert powers(alone) == {"diesel": 400.0}
    assert alone.left_out == {"ups": "cannot be used with diesel"}


def test_many_exclusions_are_still_honoured() -> None:
    ids = [f"r{n:02d}" for n in range(16)]
    chain = [able(a, 100.0 + n, excludes=frozenset({b})) for n, (a, b) in enumerate(itertools.pairwise(ids))]
    site = site_envelope([*chain, able(ids[-1], 500.0)], HALF_HOUR)
    kept = {part.resource_id for part in site.parts}
    assert ids[-1] in kept
    assert all(not (part.excludes & kept) for part in site.parts)


def test_nothing_is_shed_that_is_not_consumed() -> None:
    site = site_envelope([able("a", 500.0), able("b", 500.0)], HALF_HOUR, sheddable_kw=600.0)
    assert site.p_max_kw == 600.0
    assert powers(site) == {"a": 500.0, "b": 100.0}


def test_a_block_that_does_not_fit_is_left_out() -> None:
    block = able("pause", 300.0, p_min_kw=300.0)
    site = site_envelope([able("a", 500.0), block], HALF_HOUR, sheddable_kw=600.0)
    assert powers(site) == {"a": 500.0}


def test_what_does_not_hold_long_enough_is_left_out_with_its_reason() -> None:
    ups = able("ups", 8000.0, 267.0, max_duration=timedelta(minutes=5))
    assert held_kw(ups, timedelta(minutes=5)) == pytest.approx(3204.0)
    held = able("held", 0.0, 0.0, why_not="battery_alarm")
    site = site_envelope([ups, held], HALF_HOUR)
    assert site.parts == ()
    assert site.left_out == {"ups": "cannot hold for 0:30:00", "held": "battery_alarm"}
    assert (site.p_max_kw, site.response_time) == (0.0, timedelta(0))


def test_envelopes_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(InvalidInput, match="each resource once"):
        site_envelope([able("a", 1.0), able("a", 1.0)], HALF_HOUR)
    with pytest.raises(InvalidInput, match="direction or boundary"):
        site_envelope([able("a", 1.0), replace(able("b", 1.0), boundary=Boundary.IT)], HALF_HOUR)
    with pytest.raises(InvalidInput, match="weight is -1"):
        replace(shared_store(["a"], 1.0, 1.0), weight={"a": -1.0})
