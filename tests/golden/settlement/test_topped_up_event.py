"""An event that tracking topped up and trimmed, through the real workflows, its money worked out by hand."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from support.followed_evening import SITES, Course, course_from, make_begun, make_cleared
from support.market import EVENING, RULES

Lines = list[tuple[str, str, str]]
"""Line code, target of the interval in kW (empty with a penalty) and amount."""


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lines]:
    """The lines of each site's statement, fees left out.

    Bought first, at 60 per MWh: 100 kW of north-1 and 50 kW of north-2. North-3 stands by at 90.
    """
    cleared = make_cleared(tmp_path_factory.mktemp("cleared"))
    begun = make_begun(cleared, tmp_path_factory.mktemp("begun"))
    course = course_from(begun, tmp_path_factory.mktemp("settled"), is_begun=True)
    course.deliver(15, {"north-1": 100.0, "north-2": 50.0})
    course.deliver(15, {"north-1": 100.0})  # north-2 fails: north-3 is called from the next interval on
    course.deliver(30, {"north-1": 100.0, "north-3": 50.0})
    # North-2 is back. At 18:05:30 there are 50 kW too many, of which 9.5 of 15 minutes can be changed:
    # of north-3 nine tenths of 50 kW, 45 x 9.5 / 15 = 28.5; the other 21.5 of north-1, as dear as north-2.
    course.deliver(5, {"north-1": 100.0, "north-2": 50.0, "north-3": 50.0})
    course.rules = RULES  # no more looks: what was told stays
    # What is left of the interval brings its means to what was told: 78.5 and 21.5 kW.
    course.deliver(10, {"north-1": (3 * 78.5 - 100) / 2, "north-2": 50.0, "north-3": (3 * 21.5 - 50) / 2})
    course.deliver(45, {"north-1": 95.0, "north-2": 50.0, "north-3": 5.0})
    course.due(EVENING.end + timedelta(hours=4))
    lines = {site_id: statement_lines(course, f"owner-{site_id}") for site_id in SITES}
    course.market.units.close()
    return lines


def statement_lines(course: Course, party_id: str) -> Lines:
    with course.market.units(write=False) as uow:
        files = uow.statements.page(where={"party_id": party_id})[0].value.files
    text = next(content for name, content in files.items() if name.endswith(".csv")).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    code = next(name for name in rows[0] if name in {"line_code", "code"})
    return [(row[code], row["target_kw"], row["amount"]) for row in rows if row[code] != "AGG_FEE"]


def energy(target_kw: str, amount: str) -> tuple[str, str, str]:
    return "ENERGY", target_kw, amount


def test_who_was_trimmed_is_paid_for_what_it_was_told(settled: dict[str, Lines]) -> None:
    # 25 kWh at 60: 1.50. Told 78.5 kW: 19.625 kWh, 1.1775. Told 95 kW: 23.75 kWh, 1.425.
    assert settled["north-1"] == [
        *[energy("100.000", "1.50")] * 4,
        energy("78.500", "1.18"),
        *[energy("95.000", "1.43")] * 3,
    ]


def test_a_top_up_is_paid_at_its_own_price_from_the_interval_on_from_which_it_counts(
    settled: dict[str, Lines],
) -> None:
    # 12.5 kWh at 90: 1.125. Told 21.5 kW: 5.375 kWh, 0.48375. Told 5 kW: 1.25 kWh, 0.1125.
    assert settled["north-3"] == [
        *[energy("0.000", "0.00")] * 2,
        *[energy("50.000", "1.13")] * 2,
        energy("21.500", "0.48"),
        *[energy("5.000", "0.11")] * 3,
    ]


def test_who_failed_pays_for_what_others_had_to_make_good(settled: dict[str, Lines]) -> None:
    # 12.5 kWh at 60: 0.75. Nothing delivered: half the price on nine tenths of 12.5 kWh, 30 x 11.25 = 0.3375.
    failed = [energy("50.000", "0.00"), ("PENALTY", "", "-0.34")]
    assert settled["north-2"] == [energy("50.000", "0.75"), *failed * 3, *[energy("50.000", "0.75")] * 4]


def test_what_is_paid_adds_up(settled: dict[str, Lines]) -> None:
    total = sum(Decimal(amount) for lines in settled.values() for _, _, amount in lines)
    assert total == Decimal("11.47") + Decimal("3.07") + Decimal("2.73")
