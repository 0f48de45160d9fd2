from datetime import timedelta

import numpy as np
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    backs,
    daily_load,
    days_of,
    event_on,
    found,
    refused,
    rule_of,
    site_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason

RULE = rule_of({"kind": "matching_pair", "skip": HOUR}, days=days_of(1, 20))
EVENT = event_on(MONDAY + 10 * DAY)  # a Thursday


def test_the_eve_decides_as_well_as_the_day() -> None:
    # The event's Thursday is at 10 after a Wednesday at 30. Six days before, a Friday at 10 after a
    # Thursday at 20; a week before, a Thursday at 12 after a Wednesday at 31: that pair is nearer.
    load = daily_load(MONDAY, 50, 50, 31, 12, 10, 90, 90, 70, 70, 30, 10)
    load.loc[MONDAY + 3 * DAY : MONDAY + 4 * DAY - HOUR] = 12.0
    assert backs(found(RULE, site_of(load), EVENT), EVENT) == [7]


def test_what_lies_beside_the_event_and_after_it_does_not_matter() -> None:
    load = daily_load(MONDAY, 50, 50, 31, 12, 10, 90, 90, 70, 70, 30, 10)
    load.loc[EVENT.start - HOUR :] = 999.0
    assert backs(found(RULE, site_of(load), EVENT), EVENT) == [7]


def test_a_candidate_without_its_eve_cannot_be_compared() -> None:
    load = daily_load(MONDAY + 9 * DAY, 30, 10)
    detail = refused(RULE, site_of(load), EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    assert detail == "none of 1 candidate days can be compared with the event's"


def test_an_eve_with_gaps_is_said() -> None:
    load = daily_load(MONDAY, 50, 50, 31, 12, 10, 90, 90, 70, 70, 30, 10)
    load.loc[MONDAY + 9 * DAY : MONDAY + 9 * DAY + 3 * HOUR] = np.nan
    detail = refused(RULE, site_of(load), EVENT, NoBaselineReason.WINDOW_NOT_METERED)
    assert detail == "36 of 40 intervals from the eve's midnight to the event are metered"


def test_the_readings_can_be_too_coarse_or_too_few() -> None:
    rule = rule_of({"kind": "matching_pair", "skip": timedelta(minutes=30)}, days=days_of(1, 20))
    load = daily_load(MONDAY, *[1.0] * 11)
    assert "off the metering grid" in refused(rule, site_of(load), EVENT, NoBaselineReason.MISSING_INPUT)
    refused(
        RULE, site_of(daily_load(EVENT.start - 17 * HOUR, 1.0)), EVENT, NoBaselineReason.INSUFFICIENT_HISTORY
    )
