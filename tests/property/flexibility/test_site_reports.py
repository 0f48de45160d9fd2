"""What reports say of a site is never more than its resources, load and connection allow."""

import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.scoring import EventReadings, ScoreChoices, score_site
from vpp.flexibility.envelope import Boundary, DeliveryConfidence, Envelope, EnvelopeUse, FlexDirection
from vpp.flexibility.envelope_document import envelope_document, envelope_from
from vpp.flexibility.flexibility_ladder import RUNGS, ladder
from vpp.flexibility.headroom_hours import headroom_by_hour, load_duration
from vpp.flexibility.metering_error import metering_error
from vpp.flexibility.mosaic_numbers import added_up_kw, resource_numbers, site_numbers
from vpp.flexibility.site_envelope import shared_cooling
from vpp.flexibility.site_response import ResponseChoices, site_response
from vpp.foundation.interval import Interval

KW = st.floats(0.0, 1e4)
HOUR = timedelta(hours=1)
START = datetime(2026, 3, 2, 17, tzinfo=UTC)


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    kw = draw(KW)
    longest = draw(st.integers(1, 1440))
    return Envelope(
        "resource",
        FlexDirection.LOAD_DOWN,
        Boundary.POC,
        kw,
        draw(KW),
        timedelta(minutes=longest),
        DeliveryConfidence(draw(st.floats(0.0, 1.0))),
        p_min_kw=draw(st.sampled_from([0.0, kw / 2])),
        delay=timedelta(seconds=draw(st.integers(0, 900))),
        ramp_kw_per_s=draw(st.sampled_from([math.inf, 50.0])),
        use=EnvelopeUse(max_activations_per_year=draw(st.sampled_from([None, 12]))),
    )


@given(st.lists(envelopes(), min_size=1, max_size=5), KW)
def test_the_ladder_counts_nothing_twice(drawn: list[Envelope], bound_kw: float) -> None:
    named = [_named(each, f"r{n}") for n, each in enumerate(drawn)]
    shared = [shared_cooling(500.0, ["r0"], [each.resource_id for each in named[1:]], 0.2)]
    rows = ladder(named, shared=shared, bound_kw=bound_kw)
    for rung in range(len(RUNGS)):
        assert sum(row.together_kw[rung] for row in rows) <= bound_kw * (1 + 1e-9) + 1e-6
        for row in rows:
            assert row.firm_kw[rung] <= row.together_kw[rung] <= row.alone_kw[rung] + 1e-6


@given(st.lists(envelopes(), min_size=1, max_size=4), KW)
def test_a_site_promises_no_more_than_its_parts(drawn: list[Envelope], bound_kw: float) -> None:
    named = [_named(each, f"r{n}") for n, each in enumerate(drawn)]
    numbers = site_numbers(named, FlexDirection.LOAD_DOWN, HOUR, bound_kw=bound_kw)
    assert numbers.magnitude_kw <= min(bound_kw, added_up_kw(named, HOUR)) * (1 + 1e-9) + 1e-6
    assert numbers.hours_per_year <= 8760.0 + 1e-6
    for each in named:
        alone = resource_numbers(each)
        assert alone.magnitude_kw * alone.duration_h <= each.energy_budget_kwh * (1 + 1e-9) + 1e-6


def _named(envelope: Envelope, resource_id: str) -> Envelope:
    return envelope_from({**envelope_document(envelope), "resource_id": resource_id})


@given(envelopes())
def test_an_envelope_comes_back_as_it_was(envelope: Envelope) -> None:
    assert envelope_from(json.loads(json.dumps(envelope_document(envelope), allow_nan=False))) == envelope


@given(
    st.lists(st.one_of(st.just(math.nan), st.floats(-50.0, 150.0)), min_size=8, max_size=8),
    st.lists(st.sampled_from([0.0, 60.0, 100.0]), min_size=4, max_size=4),
    st.integers(0, 4),
)
def test_the_site_measures_an_answer_as_the_hub_does(
    delivered: list[float], target: list[float], offset: int
) -> None:
    step = timedelta(minutes=5)
    metered_kw = 1000.0 - np.array(delivered)
    shown = site_response(
        (1000.0 - metered_kw).tolist(),
        [kw for kw in target for _ in range(2)],
        step=step,
        per_interval=2,
        begin=offset * step,
        choices=ResponseChoices(),
    )
    instruction = Instruction(
        "drill-m0-north",
        "drill",
        "north",
        0,
        Interval(START, START + 8 * step),
        2 * step,
        tuple(target),
        (),
        START + 8 * step,
        InstructionState.COMPLETED,
        start_offset=offset * step,
    )
    readings = EventReadings(
        step=step,
        metered_kw=metered_kw,
        baseline_kw=np.full(8, 1000.0),
        doubtful=np.zeros(8, dtype=np.bool_),
        month_observed_ratio=1.0,
    )
    told = score_site(instruction, readings, ScoreChoices())
    if shown is None:  # nothing was asked, or nothing metered where it was
        assert told.reached_ratio == 0.0
        return
    assert shown.target_kw == pytest.approx(told.target_kw)
    assert shown.reached_ratio == pytest.approx(told.reached_ratio)
    assert shown.full_delay == told.full_delay
    assert (shown.steadiness_ratio is None) == (told.steadiness_ratio is None)
    assert shown.score == pytest.approx(told.controllability_ratio, abs=1e-6)


@given(st.lists(st.floats(0.0, 1e4), min_size=1, max_size=30), st.floats(0.1, 10.0))
def test_room_and_load_are_two_sides_of_one_limit(load: list[float], scale: float) -> None:
    (hour,) = headroom_by_hour(1e5, load, [9] * len(load))
    assert hour.firm_kw <= hour.middle_kw <= hour.high_kw
    assert 1e5 - hour.firm_kw <= max(load) + 1e-6
    curve = load_duration(load, 11)
    heights = [point.load_kw for point in curve]
    assert heights == sorted(heights, reverse=True)
    assert (heights[0], heights[-1]) == (max(load), min(load))
    scaled = metering_error([kw * scale for kw in load] * 2, HOUR)
    plain = metering_error(load * 2, HOUR)
    assert (scaled is None) == (plain is None)
    if scaled is not None and plain is not None:
        assert scaled.error_kw == pytest.approx(plain.error_kw * scale, abs=1e-6)
