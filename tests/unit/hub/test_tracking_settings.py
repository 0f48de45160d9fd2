from datetime import timedelta

import pytest
from pydantic import ValidationError

from vpp.dispatch.tracking.rules import TrackingRules
from vpp.hub.tracking_settings import TrackingSettings


def test_the_defaults_of_settings_and_rules_agree() -> None:
    assert TrackingSettings().rules() == TrackingRules()


def test_it_can_be_turned_off() -> None:
    assert TrackingSettings(enabled=False).rules() is None


@pytest.mark.parametrize(
    "wrong", [{"short_ratio": -0.1}, {"over_ratio": 0.6}, {"lead": 5}, {"deadband": 0.1}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrackingSettings.model_validate(wrong)


def test_spans_are_iso_text() -> None:
    rules = TrackingSettings.model_validate({"interval": "PT1M", "ahead": "PT0S"}).rules()
    assert rules is not None
    assert rules.interval == timedelta(minutes=1)
    assert rules.ahead == timedelta(0)
