from datetime import date, timedelta

import pytest

from vpp.baseline.scoring.season import HALF_YEARS, Season, SeasonStart, season_of
from vpp.foundation.errors import InvalidInput

QUARTERS = (SeasonStart("a", 1, 15), SeasonStart("b", 4), SeasonStart("c", 12, 28))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 9, 30), "2026-summer"),
        (date(2026, 10, 1), "2026-winter"),
        (date(2027, 3, 31), "2026-winter"),
        (date(2027, 4, 1), "2027-summer"),
    ],
)
def test_a_winter_is_named_after_the_year_it_begins_in(day: date, expected: str) -> None:
    season = season_of(day)
    assert season.season_id == expected
    assert day in season
    assert season.end not in season


@pytest.mark.parametrize("starts", [HALF_YEARS, QUARTERS, (SeasonStart("year", 2, 28),)])
def test_seasons_follow_each_other_without_gap_or_overlap(starts: tuple[SeasonStart, ...]) -> None:
    day, end = date(2023, 12, 30), date(2025, 3, 1)  # over a leap day
    seasons: list[Season] = []
    while day < end:
        season = season_of(day, starts)
        assert season.start <= day < season.end
        if not seasons or seasons[-1] != season:
            seasons.append(season)
        day += timedelta(days=1)
    assert [one.end for one in seasons[:-1]] == [one.start for one in seasons[1:]]
    assert len({one.season_id for one in seasons}) == len(seasons)


@pytest.mark.parametrize(
    "starts",
    [(), (SeasonStart("a", 13),), (SeasonStart("a", 2, 29),), (SeasonStart("a", 4), SeasonStart("b", 4))],
)
def test_dates_that_not_every_year_has_are_refused(starts: tuple[SeasonStart, ...]) -> None:
    with pytest.raises(InvalidInput, match="season"):
        season_of(date(2026, 1, 1), starts)
