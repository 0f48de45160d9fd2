from datetime import date

import pytest

from vpp.baseline.public_holidays import public_holidays
from vpp.foundation.errors import InvalidInput


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("GB", date(2026, 12, 25)),
        ("GB-ENG", date(2026, 8, 31)),
        ("GB-SCT", date(2026, 1, 2)),
        ("US", date(2026, 7, 4)),
        ("US-TX", date(2026, 3, 2)),
        ("JP", date(2026, 5, 5)),
        ("SG", date(2026, 8, 9)),
        ("CN", date(2026, 10, 1)),
        ("TW", date(2026, 10, 10)),
        ("KR", date(2026, 3, 1)),
        ("AU-NSW", date(2026, 1, 26)),
    ],
)
def test_places_of_the_programmes(code: str, day: date) -> None:
    assert day in public_holidays(code, [2026])


def test_a_substitute_day_counts() -> None:
    # 26 December 2026 is a Saturday.
    assert date(2026, 12, 28) in public_holidays("GB-ENG", [2026])


def test_only_the_years_asked_for() -> None:
    # New Year's Day 2022 was a Saturday: in the United States Friday, 31 December 2021, is its holiday.
    assert date(2021, 12, 31) in public_holidays("US", [2021, 2022])
    assert {day.year for day in public_holidays("US", [2022])} == {2022}


def test_years_may_come_in_any_form() -> None:
    assert public_holidays("JP", iter([2025, 2026])) == public_holidays("JP", {2026, 2025})
    assert public_holidays("JP", []) == frozenset()


@pytest.mark.parametrize("code", ["", "XX", "gb", "England", "GBR", "-ENG"])
def test_an_unknown_country_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput, match=f"holidays are '{code}', expected an ISO 3166 country"):
        public_holidays(code, [2026])


@pytest.mark.parametrize("code", ["GB-ZZ", "GB-", "US-tx"])
def test_an_unknown_part_is_refused_with_those_there_are(code: str) -> None:
    with pytest.raises(InvalidInput, match=r"or one of its parts: .*(ENG|TX)"):
        public_holidays(code, [2026])
