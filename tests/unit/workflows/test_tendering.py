"""What makes a call valid: notice, gate and calendar, on values alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.products import changed_product, shipped_products

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.workflows.tendering import check_calendar, check_call, check_gate, check_notice

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
EVENING = Interval(NOON + timedelta(days=1, hours=5), NOON + timedelta(days=1, hours=7))
BEFORE = EVENING.start - timedelta(days=3)


def product(**rules: object) -> ProductProfile:
    return changed_product(shipped_products()["example-peak-shaving"], call=rules)


class TestGate:
    @pytest.mark.parametrize(
        ("rules", "ahead", "message"),
        [
            ({}, timedelta(hours=1.5), "2:00:00 before delivery as products/example-peak-shaving has it"),
            ({"gate_close": "PT24H"}, 23 * HOUR, "at most 2026-03-04T17:00:00.* 1 day, 0:00:00 before"),
            (
                {"notice_max": "PT20H"},
                21 * HOUR,
                "at least 2026-03-04T21:00:00.* of at most 20:00:00",
            ),
            ({}, timedelta(days=3), "expected after"),
        ],
    )
    def test_it_leaves_neither_too_little_notice_nor_too_much(
        self, rules: dict[str, object], ahead: timedelta, message: str
    ) -> None:
        with pytest.raises(InvalidInput, match=f"gate_closure_time is .*{message}"):
            check_gate(product(**rules), EVENING, EVENING.start - ahead, BEFORE)

    @pytest.mark.parametrize("hours", [20, 23, 27])
    def test_within_its_bounds_it_is_taken(self, hours: int) -> None:
        rules = product(gate_close="PT20H", notice_max="PT27H")
        check_gate(rules, EVENING, EVENING.start - hours * HOUR, BEFORE)


class TestNotice:
    @pytest.mark.parametrize(
        ("ahead", "message"),
        [
            (timedelta(minutes=119), "expected at least 2:00:00 after"),
            (timedelta(minutes=181), "the time of the call is .* gives notice of at most 3:00:00"),
        ],
    )
    def test_it_is_neither_too_short_nor_too_long(self, ahead: timedelta, message: str) -> None:
        with pytest.raises(InvalidInput, match=message):
            check_notice(product(notice_max="PT3H"), EVENING, EVENING.start - ahead)

    @pytest.mark.parametrize("hours", [2, 3])
    def test_its_bounds_are_within(self, hours: int) -> None:
        check_notice(product(notice_max="PT3H"), EVENING, EVENING.start - hours * HOUR)


class TestCalendar:
    @pytest.mark.parametrize(
        ("calendar", "message"),
        [
            ({"months": [4]}, "expected to lie in Apr, Europe/London"),
            ({"weekdays": ["mon", "fri"]}, "on mon and fri"),
            ({"not_before": "16:00", "not_after": "18:45"}, r"reaches over 2026-03-05T18:45:00\+00:00"),
            ({"not_before": "17:10", "not_after": "20:00"}, r"reaches over 2026-03-05T17:00:00\+00:00"),
            ({"not_before": "17:00", "not_after": "18:50"}, r"reaches over 2026-03-05T18:45:00\+00:00"),
            ({"holidays": "excluded", "further_holidays": ["2026-03-05"]}, "not on holidays of further_hol"),
            ({"holidays": "only", "holiday_calendar": "GB-ENG"}, "only on holidays of GB-ENG"),
        ],
    )
    def test_what_reaches_outside_is_refused(self, calendar: dict[str, object], message: str) -> None:
        with pytest.raises(InvalidInput, match=message):
            check_calendar(product(calendar=calendar), EVENING)

    @pytest.mark.parametrize(
        "calendar",
        [
            {},
            {"months": [3], "weekdays": ["thu"], "not_before": "17:00", "not_after": "19:00"},
            {"holidays": "excluded", "holiday_calendar": "GB-ENG"},
        ],
    )
    def test_what_lies_within_is_taken(self, calendar: dict[str, object]) -> None:
        check_calendar(product(calendar=calendar), EVENING)

    def test_hours_are_civil_time_through_a_clock_change(self) -> None:
        """Summer time began in London on 29 March 2026: six in the evening came at 17:00 UTC from then on."""
        rules = product(calendar={"not_before": "18:00", "not_after": "20:00"})
        summer = Interval(EVENING.start + timedelta(days=24), EVENING.end + timedelta(days=24))
        winter = Interval(EVENING.start + timedelta(days=23), EVENING.end + timedelta(days=23))
        check_calendar(rules, summer)
        with pytest.raises(InvalidInput, match=r"reaches over 2026-03-28T17:00:00\+00:00"):
            check_calendar(rules, winter)

    @pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
    def test_a_whole_day_of_23_or_25_hours_lies_within_its_day(self, day: str, hours: int) -> None:
        rules = product(max_duration="PT25H", calendar={"weekdays": ["sun"]})
        clock_change = datetime.fromisoformat(f"{day}T00:00Z")
        start = clock_change - (HOUR if hours == 25 else timedelta(0))
        check_calendar(rules, Interval(start, start + hours * HOUR))
        with pytest.raises(InvalidInput, match="on sun"):
            check_calendar(rules, Interval(start, start + (hours + 1) * HOUR))

    def test_a_night_over_new_year_is_judged_by_the_holidays_of_both_years(self) -> None:
        rules = product(calendar={"holidays": "excluded", "holiday_calendar": "GB-ENG"})
        midnight = datetime(2027, 1, 1, tzinfo=UTC)
        check_calendar(rules, Interval(midnight - 2 * HOUR, midnight))
        with pytest.raises(InvalidInput, match=r"reaches over 2027-01-01T00:00:00\+00:00"):
            check_calendar(rules, Interval(midnight - HOUR, midnight + HOUR))


@pytest.mark.parametrize(("cap", "is_taken"), [("1999.99", False), ("2000", True)])
def test_a_buyer_s_cap_is_not_below_what_a_fixed_price_pays(cap: str, *, is_taken: bool) -> None:
    california = shipped_products()["example-us-california-elrp"]
    evening = Interval(datetime(2026, 7, 2, 0, tzinfo=UTC), datetime(2026, 7, 2, 1, tzinfo=UTC))

    def called() -> None:
        check_call(
            california,
            trigger=california.call.trigger,
            delivery=evening,
            target_reduction_kw=(80.0,) * 4,
            price_cap_per_mwh=Decimal(cap),
            currency="USD",
            now=evening.start - HOUR,
        )

    if is_taken:
        called()
    else:
        with pytest.raises(InvalidInput, match=r"cap_price_per_mwh is 1999.99, expected at least 2000 USD"):
            called()
