"""An evening that asks for more consumption goes, mirrored, exactly as one that asks for less."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from support.followed_evening import Course, begin, clear_evening
from support.market import EVENING, make_market, market_on

from vpp.dispatch.event import EventState
from vpp.dispatch.site_score import SiteScore
from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.foundation.direction import Direction
from vpp.workflows.tracking_records import ActionKind

SIGNED = frozenset({"baseline_raw_kwh", "adjustment_kwh", "baseline_kwh", "metered_kwh"})
FLAT_KWH = Decimal(250)
"""A quarter of an hour of the flat load of 1,000 kW, about which the evenings are mirrored."""
OF_ITS_DIRECTION = frozenset({"product_id", "direction"})


def play_begin(course: Course) -> None:
    """Let one site fail after a quarter of an hour."""
    begin(course)
    course.deliver(15, {"north-1": 100.0, "north-2": 50.0})
    course.deliver(15, {"north-1": 0.0, "north-2": 50.0})


def play(course: Course) -> None:
    """Let one site fail after a quarter of an hour, and the other deliver more than it is paid for."""
    play_begin(course)
    course.deliver(30, {"north-1": 0.0, "north-2": 75.0, "north-3": 100.0})
    course.deliver(60, {"north-1": 30.0, "north-2": 50.0, "north-3": 70.0})
    course.due(EVENING.end + timedelta(hours=6))


def statement_rows(course: Course) -> dict[str, list[dict[str, str]]]:
    with course.market.units(write=False) as uow:
        records = [stored.value for stored in uow.statements.page()]
    tables = {}
    for record in records:
        content = record.files[f"statement_{record.party_id}_{record.period}_v{record.version}.csv"]
        tables[record.statement_id] = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    return tables


def told(course: Course) -> dict[str, Any]:
    return {
        each.instruction_id: replace(each, direction=Direction.LOAD_DOWN)
        for each in course.market.instructions()
    }


def awards(course: Course) -> list[Any]:
    with course.market.units(write=False) as uow:
        found = uow.claims.awards_of(["evening"])
    return sorted(
        (each.site_id, each.reduction_kw, each.rebound_kw, each.price_per_mwh, each.make_whole, each.reason)
        for each in found
    )


def ticks(course: Course) -> list[Any]:
    """Everything that was seen and done, but for the ids of awards, which name bids."""
    return [
        replace(tick, actions=tuple(replace(action, award_id="") for action in tick.actions))
        for tick in course.ticks()
    ]


def scores(course: Course) -> dict[str, SiteScore]:
    with course.market.units(write=False) as uow:
        return {each.site_id: each for each in uow.scores.newest(None, after=None, limit=10)}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Direction, Course]:
    """The same evening in each direction, settled."""
    courses = {}
    for direction in Direction:
        folder: Path = tmp_path_factory.mktemp(direction.value)
        courses[direction] = clear_evening(make_market(folder), direction)
        play(courses[direction])
    return courses


def test_it_is_bought_told_followed_and_scored_alike(both: Mapping[Direction, Course]) -> None:
    down, up = both[Direction.LOAD_DOWN], both[Direction.LOAD_UP]
    assert up.market.event().direction is Direction.LOAD_UP
    assert {each.direction for each in up.market.instructions()} == {Direction.LOAD_UP}
    assert up.market.event().state is EventState.SETTLED
    assert awards(up) == awards(down)
    assert told(up) == told(down)
    assert ticks(up) == ticks(down)
    assert scores(up) == scores(down)
    # Not for want of events: what fails is noticed and made good, what is too much is trimmed.
    assert {ActionKind.TOP_UP, ActionKind.TRIM} <= set(up.actions())
    seen = {state for tick in up.ticks() for state in tick.changed_states.values()}
    assert {DeliveryState.UNDER, DeliveryState.OVER, DeliveryState.ON_TARGET} <= seen
    assert up.market.event().modification_number == down.market.event().modification_number > 0


def test_it_is_paid_alike_and_the_statement_says_which_way(both: Mapping[Direction, Course]) -> None:
    down, up = (statement_rows(both[direction]) for direction in Direction)
    assert up.keys() == down.keys() != set()
    codes = set()
    for key, rows in down.items():
        for row, image in zip(rows, up[key], strict=True):
            codes.add(row["line_code"])
            assert (row["direction"], image["direction"]) == ("load_down", "load_up")
            for column in row.keys() - SIGNED - OF_ITS_DIRECTION - {"award_id"}:
                assert image[column] == row[column], column
            if row["metered_kwh"]:
                assert Decimal(image["metered_kwh"]) - FLAT_KWH == FLAT_KWH - Decimal(row["metered_kwh"])
                assert image["baseline_kwh"] == row["baseline_kwh"] == "250.000"
    assert codes >= {"ENERGY", "AGG_FEE", "PENALTY"}


def test_a_load_that_rose_is_paid_to_the_digit(both: Mapping[Direction, Course]) -> None:
    """Hand-computed: the third quarter of an hour of the site that went beyond its band."""
    rows = statement_rows(both[Direction.LOAD_UP])["owner-north-2-2026-03-v1"]
    (row,) = [
        each
        for each in rows
        if each["line_code"] == "ENERGY" and each["interval_start_utc"].startswith("2026-03-05T17:30")
    ]
    # 1,075 kW over a quarter of an hour against 1,000 kW; sold 50 kW, paid to 120 % of it.
    shown = {column: Decimal(row[column]) for column in ("baseline_kwh", "metered_kwh", "delivered_kwh")}
    assert shown == {"baseline_kwh": 250, "metered_kwh": Decimal("268.75"), "delivered_kwh": Decimal("18.75")}
    told_kw = Decimal(row["target_kw"])
    assert Decimal(row["payable_kwh"]) == min(Decimal("18.75"), told_kw * Decimal("1.2") / 4)
    assert row["band_code"] == "CAPPED"
    exact = Decimal(row["payable_kwh"]) * Decimal(row["price"]) / 1000
    assert Decimal(row["amount"]) == exact.quantize(Decimal("0.01"), "ROUND_HALF_UP")


def test_the_same_on_postgresql_until_the_reserve_is_called(
    postgresql_engine: Engine, both: Mapping[Direction, Course]
) -> None:
    course = clear_evening(market_on(postgresql_engine), Direction.LOAD_UP)
    play_begin(course)
    seen = ticks(course)
    assert ActionKind.TOP_UP in course.actions()
    assert seen == ticks(both[Direction.LOAD_UP])[: len(seen)]
    known = told(both[Direction.LOAD_UP])
    for key, instruction in told(course).items():
        assert instruction.target_reduction_kw == known[key].target_reduction_kw
    assert {each.direction for each in course.market.instructions()} == {Direction.LOAD_UP}
