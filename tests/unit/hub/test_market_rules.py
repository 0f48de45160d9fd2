"""What an owner sets about holidays and seasons is checked before a baseline needs it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from vpp.baseline.scoring.season import HALF_YEARS, season_of
from vpp.foundation.errors import InvalidInput
from vpp.hub.preparation import market_rules
from vpp.hub.settings import HubSettings
from vpp.portfolio.site import Site
from vpp.workflows.civil_time import site_calendar

NOW = datetime(2026, 4, 6, 12, tzinfo=UTC)


def settings(**market: Any) -> HubSettings:  # noqa: ANN401  settings as a file has them
    party = {"party_id": "hub", "display_name": "Hub", "kind": "aggregator"}
    return HubSettings.model_validate(
        {
            "base_directory": Path(),
            "market": {"aggregator_party_id": "hub", **market},
            "parties": [party],
        }
    )


def site(time_zone: str) -> Site:
    return Site("north-1", "owner", "North", "north", time_zone, 1000.0, timedelta(minutes=5))


def test_a_site_keeps_its_countrys_holidays_and_the_hubs_extra_ones() -> None:
    rules = market_rules(
        settings(holidays=["2026-05-05"], holiday_countries={"Europe/London": "GB-ENG", "Asia/Tokyo": "JP"})
    )
    london, tokyo, paris = (
        site_calendar(site(zone), rules, NOW) for zone in ("Europe/London", "Asia/Tokyo", "Europe/Paris")
    )
    easter_monday, extra = date(2026, 4, 6), date(2026, 5, 5)
    assert [easter_monday in each.holidays for each in (london, tokyo, paris)] == [True, False, False]
    assert [extra in each.holidays for each in (london, tokyo, paris)] == [True, True, True]
    assert date(2025, 12, 25) in london.holidays
    assert date(2027, 12, 27) in london.holidays  # a substitute day
    assert paris.holidays == {extra}


@pytest.mark.parametrize(
    ("countries", "message"),
    [
        ({"Europe/London": "XX"}, "holidays are 'XX'"),
        ({"Europe/London": "GB-TX"}, "holidays are 'GB-TX'"),
        ({"Europe/Londn": "GB"}, "time_zone is 'Europe/Londn'"),
    ],
)
def test_a_country_or_zone_that_is_unknown_is_refused_at_start(
    countries: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        market_rules(settings(holiday_countries=countries))


def test_seasons_are_half_years_unless_the_owner_says_otherwise() -> None:
    assert market_rules(settings()).seasons == HALF_YEARS
    quarters = [{"name": name, "month": month} for name, month in (("spring", 3), ("summer", 6), ("rest", 9))]
    own = market_rules(settings(seasons=quarters)).seasons
    assert season_of(date(2026, 7, 1), own).season_id == "2026-summer"
    assert season_of(date(2026, 2, 1), own).season_id == "2025-rest"


def test_seasons_that_begin_together_are_refused() -> None:
    with pytest.raises(InvalidInput, match="share a date"):
        market_rules(settings(seasons=[{"name": "a", "month": 4}, {"name": "b", "month": 4}]))


def test_a_season_begins_on_a_day_that_every_month_has() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 28"):
        settings(seasons=[{"name": "a", "month": 4, "day": 31}])
