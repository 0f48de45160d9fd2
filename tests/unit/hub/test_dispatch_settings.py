from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from vpp.hub.dispatch_settings import DispatchSettings
from vpp.hub.preparation import market_rules
from vpp.hub.settings import HubSettings, MarketSettings, PartySettings
from vpp.portfolio.party import PartyKind


def settings(dispatch: DispatchSettings) -> HubSettings:
    return HubSettings(
        base_directory=Path(),
        market=MarketSettings(aggregator_party_id="hub"),
        parties=(PartySettings(party_id="hub", display_name="Hub", kind=PartyKind.AGGREGATOR),),
        dispatch=dispatch,
    )


def test_a_portfolio_does_not_step_unless_the_owner_says_so() -> None:
    rules = market_rules(settings(DispatchSettings()))
    assert (rules.start_spread, rules.release_spread) == (timedelta(minutes=1), timedelta(minutes=5))
    rules = market_rules(
        settings(DispatchSettings(start_spread=timedelta(0), release_spread=timedelta(minutes=10)))
    )
    assert (rules.start_spread, rules.release_spread) == (timedelta(0), timedelta(minutes=10))


@pytest.mark.parametrize("value", ["-PT1S", "P2D", "60", 60])
def test_a_spread_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="start_spread"):
        DispatchSettings.model_validate({"start_spread": value})
