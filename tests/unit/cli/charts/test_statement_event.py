import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.cli.charts.statement_event import StatementEvent, statement_event_svg
from vpp.foundation.direction import Direction

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
FOUR = np.ones(4)


@pytest.fixture
def event() -> StatementEvent:
    return StatementEvent(
        name="evening",
        title="Event <evening>",
        direction=Direction.LOAD_DOWN,
        starts=[START + n * timedelta(minutes=15) for n in range(4)],
        labels=["17:00", "17:15", "17:30", "17:45", "18:00"],
        baseline_kw=FOUR * 500,
        metered_kw=FOUR * 420,
        target_kw=FOUR * 100,
        payable_kw=FOUR * 80,
        known_sites=np.full(4, 2),
        site_count=2,
    )


def texts(svg: str) -> set[str]:
    root = ET.fromstring(svg)  # noqa: S314  our own drawing
    return {(element.text or "").strip() for element in root.iter("{http://www.w3.org/2000/svg}text")}


def test_the_same_event_gives_the_same_drawing(event: StatementEvent) -> None:
    first, second = statement_event_svg(event), statement_event_svg(event)
    assert first == second
    assert 'id="event-evening-' in first
    assert 'aria-label="Event &lt;evening&gt;"' in first


def test_it_names_what_it_shows(event: StatementEvent) -> None:
    shown = texts(statement_event_svg(event))
    assert {"kW at the meter", "baseline", "metered", "asked for", "paid", "17:00", "18:00"} <= shown
    assert not {"moved the wrong way", "no data"} & shown


def test_nothing_paid_and_the_wrong_way_are_told_apart(event: StatementEvent) -> None:
    wrong = replace(event, metered_kw=FOUR * 520, payable_kw=FOUR * 0)
    shown = texts(statement_event_svg(wrong))
    assert "moved the wrong way" in shown
    assert "paid" not in shown
    up = replace(event, direction=Direction.LOAD_UP)
    assert "moved the wrong way" in texts(statement_event_svg(up))
    risen = replace(event, direction=Direction.LOAD_UP, metered_kw=FOUR * 580)
    assert "moved the wrong way" not in texts(statement_event_svg(risen))


def test_every_paid_interval_is_filled(event: StatementEvent) -> None:
    """The last of a run of paid intervals as well, and one that stands alone."""
    paid = replace(event, payable_kw=np.array([80.0, 0.0, 80.0, 80.0]))
    root = ET.fromstring(statement_event_svg(paid))  # noqa: S314  our own drawing
    areas = [
        [float(pair.split()[0]) for pair in re.findall(r"[ML] ([-0-9. ]+)", path.get("d", ""))]
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if group.get("id", "").startswith("event-evening-FillBetweenPolyCollection")
        for path in group.iter("{http://www.w3.org/2000/svg}path")
    ]
    one, two = [max(places) - min(places) for places in areas]
    assert two == pytest.approx(2 * one)


def test_a_name_is_no_markup(event: StatementEvent) -> None:
    svg = statement_event_svg(replace(event, name='"><b>\\g<9>'))
    ET.fromstring(svg)  # noqa: S314  our own drawing
    assert "<b>" not in svg


def test_labels_with_offsets_have_room(event: StatementEvent) -> None:
    labels = [f"{n // 4:02}:{n % 4 * 15:02}+01:00" for n in range(17)]
    sixteen = np.ones(16)
    long = replace(
        event,
        starts=[START + n * timedelta(minutes=15) for n in range(16)],
        labels=labels,
        baseline_kw=sixteen * 500,
        metered_kw=sixteen * 420,
        target_kw=sixteen * 100,
        payable_kw=sixteen * 80,
        known_sites=np.full(16, 2),
    )
    assert len(texts(statement_event_svg(long)) & set(labels)) == 5


def test_gaps_are_shown_as_gaps(event: StatementEvent) -> None:
    known = np.array([2, 1, 0, 0])
    load = np.where(known == 0, np.nan, event.metered_kw)
    base = np.where(known == 0, np.nan, event.baseline_kw)
    gappy = replace(event, known_sites=known, metered_kw=load, baseline_kw=base)
    shown = texts(statement_event_svg(gappy))
    assert {"1 of", "2 sites", "no data"} <= shown


def test_an_event_without_any_data_is_drawn_too(event: StatementEvent) -> None:
    nothing = FOUR * np.nan
    svg = statement_event_svg(
        replace(
            event, baseline_kw=nothing, metered_kw=nothing, payable_kw=FOUR * 0, known_sites=np.zeros(4, int)
        )
    )
    assert "no data" in texts(svg)


def test_large_events_are_in_megawatts(event: StatementEvent) -> None:
    large = replace(event, baseline_kw=FOUR * 50_000, metered_kw=FOUR * 42_000)
    assert "MW at the meter" in texts(statement_event_svg(large))


@pytest.mark.parametrize("count", [1, 8, 9, 96, 100])
def test_long_events_are_labelled_sparsely_and_to_their_end(event: StatementEvent, count: int) -> None:
    ones = np.ones(count)
    labels = [f"{n // 60:02d}:{n % 60:02d}" for n in range(count + 1)]
    long = StatementEvent(
        name="long",
        title="Long",
        direction=event.direction,
        starts=[START + n * timedelta(minutes=15) for n in range(count)],
        labels=labels,
        baseline_kw=ones * 500,
        metered_kw=ones * 400,
        target_kw=ones * 100,
        payable_kw=ones * 100,
        known_sites=np.ones(count, int),
        site_count=1,
    )
    clocks = {text for text in texts(statement_event_svg(long)) if ":" in text}
    assert {labels[0], labels[-1]} <= clocks <= set(labels)
    assert len(clocks) <= 11
