from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from vpp.cli.settle.printed_event import AroundEnergy, event_picture, lines_by_event, local_end, site_sums
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.settlement.entry import EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine, line_taken_back
from vpp.telemetry.quality import MeterQuality

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
HEAD = StatementHead("acme-2026-03-v2", "acme", "2026-03", 2, RunType.RECALC, "GBP", "acme-2026-03-v1")


def line(
    n: int, site_id: str = "north", code: LineCode = LineCode.ENERGY, amount: str = "2.00", **changes: object
) -> StatementLine:
    interval = Interval(START + n * HALF_HOUR, START + (n + 1) * HALF_HOUR)
    key = EntryKey(str(changes.pop("event_id", "evening")), site_id, interval, code)
    plain = line_taken_back(key, 1, HEAD, booked_before=Decimal(0))
    energy = {
        "target_kw": Decimal(100),
        "baseline_kwh": Decimal(250),
        "metered_kwh": Decimal(210),
        "delivered_kwh": Decimal(40),
        "payable_kwh": Decimal(30),
        "quality": MeterQuality.OK,
    }
    values = energy if code is LineCode.ENERGY else {}
    values |= {"amount": Decimal(amount), "direction": "load_down", "tz": "Europe/London", "note": ""}
    return plain._replace(**(values | changes))  # type: ignore[arg-type]  # columns by name


def test_events_keep_the_statement_s_order() -> None:
    lines = [line(0, event_id="b"), line(0, event_id="a"), line(1, event_id="b"), line(0, event_id="")]
    assert {event: len(own) for event, own in lines_by_event(lines).items()} == {"b": 2, "a": 1, "": 1}
    assert list(lines_by_event(lines)) == ["b", "a", ""]


def test_powers_are_energies_by_hour_summed_over_sites() -> None:
    picture = event_picture(
        [line(0), line(1), line(0, "south"), line(1, "south"), line(0, code=LineCode.PENALTY)]
    )
    assert picture is not None
    assert picture.baseline_kw.tolist() == [1000, 1000]
    assert picture.metered_kw.tolist() == [840, 840]
    assert (picture.target_kw.tolist(), picture.payable_kw.tolist()) == ([200, 200], [120, 120])
    assert (picture.known_sites.tolist(), picture.site_count) == ([2, 2], 2)
    assert picture.labels == ["17:00", "17:30", "18:00"]
    assert picture.starts == [START, START + HALF_HOUR]


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    """London's clocks went back on 25 October 2026 at 02:00."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    starts = [first + n * HALF_HOUR for n in range(3)]
    changes = ["2026-10-25T01:30:00+01:00", "2026-10-25T01:00:00+00:00", "2026-10-25T01:30:00+00:00"]
    lines = [
        line(0, local_start=local, interval_start_utc=start, interval_end_utc=start + HALF_HOUR)
        for local, start in zip(changes, starts, strict=True)
    ]
    picture = event_picture(lines)
    assert picture is not None
    assert picture.labels == ["01:30+01:00", "01:00+00:00", "01:30+00:00", "02:00+00:00"]
    alone = event_picture(lines[:1])
    assert alone is not None
    assert alone.labels == ["01:30+01:00", "01:00+00:00"]  # clocks change as it ends, not after
    assert local_end(lines[0]._replace(tz="../nowhere")).isoformat() == "2026-10-25T02:00:00+01:00"


def test_each_interval_has_its_own_length() -> None:
    long = line(1, interval_end_utc=START + 3 * HALF_HOUR)
    picture = event_picture([line(0), long])
    assert picture is not None
    assert picture.baseline_kw.tolist() == [500, 250]


def test_a_file_with_another_civil_time_is_refused() -> None:
    for local_start in ("soon", "", "2026-03-02T17:00:00"):
        with pytest.raises(InvalidInput, match="line 1 has local_start"):
            event_picture([line(0, local_start=local_start)])


def test_a_site_without_data_is_left_out_of_all_sums() -> None:
    silent = {"metered_kwh": None, "delivered_kwh": None, "quality": MeterQuality.MISSING}
    picture = event_picture([line(0), line(1), line(0, "south"), line(1, "south", **silent)])
    assert picture is not None
    assert picture.baseline_kw.tolist() == [1000, 500]
    assert picture.target_kw.tolist() == [200, 100]
    assert picture.known_sites.tolist() == [2, 1]


def test_bad_readings_are_not_drawn_and_estimates_are() -> None:
    picture = event_picture([line(0, quality=MeterQuality.BAD), line(1, quality=MeterQuality.ESTIMATED)])
    assert picture is not None
    assert np.isnan(picture.metered_kw).tolist() == [True, False]


def test_without_measured_intervals_there_is_nothing_to_draw() -> None:
    assert event_picture([line(0, target_kw=None), line(0, code=LineCode.ADJ_MANUAL)]) is None


def test_sites_are_summed_by_code() -> None:
    remark = "no payment and no penalty: meter data missing"
    lines = [
        line(0),
        line(0, code=LineCode.AGG_FEE, amount="-0.20", note="share of the interval's amounts"),
        line(1, amount="0.00", delivered_kwh=None, quality=MeterQuality.MISSING, note=remark),
        line(1, "south", amount="1.00", delta_amount=Decimal("0.25")),
    ]
    around = {("evening", "north"): AroundEnergy(Decimal("1.5"), Decimal("-2.5"))}
    north, south = site_sums(lines, {"north": "北京"}, around)
    assert (north.site_name, north.total, north.delta) == ("北京", Decimal("1.80"), Decimal(0))
    assert north.amounts == {LineCode.ENERGY: Decimal("2.00"), LineCode.AGG_FEE: Decimal("-0.20")}
    assert (north.delivered_kwh, north.payable_kwh) == (40, 60)
    assert north.remarks == (remark,)
    assert north.around == AroundEnergy(Decimal("1.5"), Decimal("-2.5"))
    assert (south.site_name, south.around, south.delta, south.remarks) == ("", None, Decimal("0.25"), ())


def test_what_no_reading_gives_says_why() -> None:
    agreed = line(0, code=LineCode.ADJ_MANUAL, note="read by hand; proposed by ann, approved by bo")
    taken = line(1, amount="0.00", quality=None, delivered_kwh=None, note="taken back: no longer applies")
    fee = line(0, code=LineCode.AGG_FEE, note="share of the interval's amounts")
    [sums] = site_sums([line(0, note="fallback"), fee, agreed, taken], {}, {})
    assert sums.remarks == (agreed.note, taken.note)


def test_nothing_known_is_not_zero() -> None:
    [sums] = site_sums([line(0, delivered_kwh=None)], {}, {})
    assert sums.delivered_kwh is None
