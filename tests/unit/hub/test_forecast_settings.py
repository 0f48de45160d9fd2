"""Settings of forecasts: how often, which models, where."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from vpp.hub.forecast_settings import ForecastSettings
from vpp.hub.preparation import market_rules
from vpp.hub.settings import HubSettings, MarketSettings, PartySettings
from vpp.portfolio.party import PartyKind


def settings(forecasts: ForecastSettings) -> HubSettings:
    return HubSettings(
        base_directory=Path(),
        market=MarketSettings(aggregator_party_id="hub"),
        parties=(PartySettings(party_id="hub", display_name="Hub", kind=PartyKind.AGGREGATOR),),
        forecasts=forecasts,
    )


@pytest.mark.parametrize("text", ["PT0S", "PT15M", "PT3H", "P1D"])
def test_an_interval_divides_a_day_or_is_none(text: str) -> None:
    interval = ForecastSettings.model_validate({"intraday_interval": text}).intraday_interval
    assert not interval or not timedelta(days=1) % interval


@pytest.mark.parametrize("value", ["PT10M", "PT7H", "P2D", 3600, "three hours"])
def test_another_interval_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="intraday_interval"):
        ForecastSettings.model_validate({"intraday_interval": value})


def test_models_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValidationError, match="mix"):
        ForecastSettings.model_validate({"mix": "best"})


def test_settings_become_rules() -> None:
    rules = market_rules(settings(ForecastSettings(mix="robust", intraday_interval=timedelta(hours=6))))
    assert (rules.forecast_mix, rules.intraday_interval) == ("robust", timedelta(hours=6))
    never = market_rules(settings(ForecastSettings(intraday_interval=timedelta(0))))
    assert never.intraday_interval is None
