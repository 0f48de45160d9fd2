"""What the hub's owner may set about readings, and what workflows are given of it."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from vpp.hub.telemetry_settings import TelemetrySettings
from vpp.workflows.telemetry_rules import LONGEST_BACKFILL, TelemetryRules

DAY = timedelta(days=1)


def test_the_defaults_are_those_of_the_workflows() -> None:
    assert TelemetrySettings().rules() == TelemetryRules()


def test_readings_are_not_taken_that_are_older_than_they_are_kept() -> None:
    assert TelemetrySettings(keep_raw_days=120).rules().backfill_max_age == 120 * DAY
    assert TelemetrySettings(keep_raw_days=800).rules().backfill_max_age == LONGEST_BACKFILL


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("roll_up_interval", "PT7M", "a span that divides a day"),
        ("roll_up_interval", "PT0S", "a span that divides a day"),
        ("keep_roll_up_days", 399, "at least keep_raw_days, 400"),
        ("keep_raw_days", 99, "greater than or equal to 100"),
        ("max_backfills", 0, "greater than or equal to 1"),
        ("max_wait", 2, "no ISO 8601 duration"),
    ],
)
def test_what_does_not_fit_is_refused(setting: str, value: object, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        TelemetrySettings.model_validate({setting: value})
