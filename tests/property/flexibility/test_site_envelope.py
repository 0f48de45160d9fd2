"""What a site can do together is all that a linear program finds, and breaks no shared limit."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vpp.flexibility.envelope import Boundary, DeliveryConfidence, Envelope, FlexDirection
from vpp.flexibility.import_cap import lowest_import_cap
from vpp.flexibility.site_envelope import (
    SharedUse,
    held_kw,
    shared_carried_load,
    shared_cooling,
    site_envelope,
)

SPAN = timedelta(minutes=30)
KW = st.floats(0.0, 1_000.0)


def able(resource_id: str, kw: float, kwh: float) -> Envelope:
    return Envelope(
        resource_id,
        FlexDirection.LOAD_DOWN,
        Boundary.POC,
        kw,
        kwh,
        timedelta(days=1),
        DeliveryConfidence(0.9),
    )


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(KW, KW), min_size=6, max_size=6),
    KW,
    KW,
    st.sampled_from([0.0, 0.05, 0.125, 0.4]),
    st.floats(0.0, 3_000.0),
)
def test_no_order_gives_more(
    sizes: list[tuple[float, float]], chiller_kw: float, carried_kw: float, slope: float, sheddable_kw: float
) -> None:
    ids = ["gpu", "cpu", "chiller", "tank", "ups", "bess"]
    envelopes = [able(key, kw, kwh) for key, (kw, kwh) in zip(ids, sizes, strict=True)]
    shared: list[SharedUse] = [
        shared_cooling(chiller_kw, ["chiller", "tank"], ["gpu", "cpu"], slope),
        shared_carried_load(carried_kw, ["ups"], ["gpu", "cpu"], slope),
    ]
    site = site_envelope(envelopes, SPAN, shared=shared, sheddable_kw=sheddable_kw)
    given_kw = {part.resource_id: part.p_max_kw for part in site.parts}
    for use in shared:
        assert math.fsum(use.weight.get(key, 0.0) * kw for key, kw in given_kw.items()) <= use.limit_kw + 1e-6
    assert all(part.energy_budget_kwh >= 0.5 * part.p_max_kw - 1e-6 for part in site.parts)
    rows = np.array([[use.weight.get(key, 0.0) for key in ids] for use in shared] + [[1.0] * 6])
    bounds = [(0.0, held_kw(each, SPAN)) for each in envelopes]
    best = linprog([-1.0] * 6, A_ub=rows, b_ub=[chiller_kw, carried_kw, sheddable_kw], bounds=bounds)
    assert site.p_max_kw == pytest.approx(-best.fun, abs=1e-5)


@given(st.lists(st.tuples(KW, KW), min_size=1, max_size=20), st.floats(0.0, 2_000.0))
def test_a_cap_is_held_with_what_is_there_and_no_lower_one_is(
    hours: list[tuple[float, float]], energy_kwh: float
) -> None:
    load, promised = [pair[0] for pair in hours], [pair[1] for pair in hours]
    cap = lowest_import_cap(load, promised, energy_kwh, SPAN)
    for kw, most, used in zip(load, promised, cap.reduction_kw, strict=True):
        assert used <= most + 1e-9
        assert kw - used <= cap.cap_kw + 1e-9
    assert 0.5 * math.fsum(cap.reduction_kw) <= energy_kwh + 1e-6
    lower = [max(0.0, kw - cap.cap_kw + 0.01) for kw in load]
    too_much_power = any(used > most for used, most in zip(lower, promised, strict=True))
    assert too_much_power or 0.5 * math.fsum(lower) > energy_kwh
