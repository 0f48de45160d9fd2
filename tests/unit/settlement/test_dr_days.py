from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.reckoned_statements import statement_for

from vpp.settlement.csv_table import table_rows
from vpp.settlement.dr_days import COLUMNS, dr_days, render_dr_days
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
YEAR = (date(2026, 1, 1), date(2027, 1, 1))


def shown(statements: Sequence[Statement], **more: str) -> list[tuple[str, ...]]:
    header, *rows = table_rows(render_dr_days(dr_days(statements, *YEAR, **more)))
    assert tuple(header) == COLUMNS
    return [tuple(row) for row in rows]


def test_a_day_is_summed_by_site_product_and_direction(delivery: Delivery) -> None:
    evening = delivery(["60", "100"])
    south = delivery(["10"], site_id="south-1")
    dawn = delivery(["40"], event_id="dawn", start=datetime(2026, 3, 2, 5, tzinfo=UTC))
    later = delivery(["5"], event_id="later", start=datetime(2026, 3, 9, 5, tzinfo=UTC))
    statement = statement_for("acme", [evening, south, dawn, later])
    assert shown([statement]) == [
        ("2026-03-02", "north-1", "evening-peak", "load_down", "2", "3.000", "0.000", "200.000"),
        ("2026-03-02", "south-1", "evening-peak", "load_down", "1", "1.000", "0.000", "10.000"),
        ("2026-03-09", "north-1", "evening-peak", "load_down", "1", "1.000", "0.000", "5.000"),
    ]
    assert [row[1] for row in shown([statement], site_id="south-1")] == ["south-1"]


def test_what_several_parties_are_told_counts_once(delivery: Delivery) -> None:
    site = delivery(["60"])
    both = [statement_for("acme", [site]), statement_for("grid", [site])]
    assert shown(both) == shown(both[:1]) == shown(both[1:])


def test_what_two_events_call_at_once_is_one_time(delivery: Delivery) -> None:
    half_past = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
    both = [delivery(["60", "20"]), delivery(["10"], event_id="other", start=half_past)]
    [row] = shown([statement_for("acme", both)])
    assert row[-4:] == ("2", "2.000", "0.000", "90.000")


def test_the_party_with_more_versions_knows_better(delivery: Delivery) -> None:
    old = statement_for("acme", [delivery(["60"])])
    new = replace(statement_for("grid", [delivery(["70"])]), version=2)
    assert shown([old, new]) == shown([new, old])
    assert shown([new, old])[0][-1] == "70.000"


def test_the_latest_version_counts_in_whatever_order(delivery: Delivery) -> None:
    first, better = statement_for("acme", [delivery(["60"])]), statement_for("acme", [delivery(["70"])])
    second = replace(better, version=2)
    [row] = shown([second, first])
    assert row[-1] == "70.000"


@pytest.mark.parametrize(
    "changes",
    [{"metered_kwh": None, "quality": MeterQuality.MISSING}, {"quality": MeterQuality.BAD}],
)
def test_time_without_data_is_told_apart(delivery: Delivery, changes: dict[str, Any]) -> None:
    site = delivery(["60", "100"])
    gap = replace(site.intervals[1], **changes)
    [row] = shown([statement_for("acme", [replace(site, intervals=(site.intervals[0], gap))])])
    assert row[-3:] == ("2.000", "1.000", "60.000")


def test_a_site_that_was_not_called_has_no_day(delivery: Delivery) -> None:
    site = delivery(["60"])
    ready = replace(site, intervals=(replace(site.intervals[0], target_kw=Decimal(0)),))
    assert shown([statement_for("acme", [ready])]) == []


@pytest.mark.parametrize(
    ("first_day", "day_after", "count"),
    [
        (date(2026, 3, 3), date(2026, 3, 4), 1),
        (date(2026, 3, 4), date(2027, 1, 1), 0),
        (date(2026, 1, 1), date(2026, 3, 3), 0),
    ],
)
def test_days_are_civil_days_at_the_site(
    delivery: Delivery, first_day: date, day_after: date, count: int
) -> None:
    start = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
    tokyo = delivery(["60"], start=start, local_starts=("2026-03-03T00:30:00+09:00",))
    assert len(dr_days([statement_for("acme", [tokyo])], first_day, day_after)) == count


def test_twenty_minutes_are_a_third_of_an_hour(delivery: Delivery) -> None:
    site = delivery(["60"])
    short = replace(site.intervals[0].interval, end=site.intervals[0].interval.start + timedelta(minutes=20))
    measured = replace(site.intervals[0], interval=short)
    [day] = dr_days([statement_for("acme", [replace(site, intervals=(measured,))])], *YEAR)
    assert day.hours == Decimal("0.333")
