"""What the hub's owner may set about settlement, and what workflows are given of it."""

import pytest
from pydantic import ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.hub.settlement_settings import SettlementSettings, settlement_rules
from vpp.settlement.version_calendar import VersionCalendar
from vpp.workflows.settlement_rules import SettlementRules


def test_the_defaults_are_those_of_the_workflows() -> None:
    assert settlement_rules(SettlementSettings()) == SettlementRules()


def test_what_is_set_reaches_the_workflows() -> None:
    settings = SettlementSettings(
        home_currency="JPY",
        rolling=False,
        holiday_country="JP",
        initial_days=4,
        recalc_days=(9,),
        final_days=30,
        dispute_days=10,
    )
    calendar = VersionCalendar("JP", initial_days=4, recalc_days=(9,), final_days=30, dispute_days=10)
    assert settlement_rules(settings) == SettlementRules("JPY", rolling=False, calendar=calendar)


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(ValidationError, match="home_currency is 'XTS', expected one of CNY, DKK"):
        SettlementSettings(home_currency="XTS")


@pytest.mark.parametrize(
    "wrong", [{"final_days": 50}, {"recalc_days": (4,)}, {"holiday_country": "Atlantis"}]
)
def test_dates_that_do_not_follow_each_other_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        settlement_rules(SettlementSettings.model_validate(wrong))
