"""Until when sites can still be told of an event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.market import RULES
from support.products import shipped_products

from vpp.foundation.interval import Interval
from vpp.workflows.missed_deadlines import is_too_late

START = datetime(2026, 3, 5, 17, tzinfo=UTC)
DELIVERY = Interval(START, START + timedelta(hours=2))
SECOND = timedelta(seconds=1)
NOTICE = timedelta(hours=2)
PRODUCT = shipped_products()["example-peak-shaving"]


def test_a_clearing_may_take_its_allowance_of_the_notice() -> None:
    latest = START - NOTICE + RULES.clearing_allowance
    assert PRODUCT.call.notice_min == NOTICE
    assert not is_too_late(latest, DELIVERY, PRODUCT, RULES)
    assert is_too_late(latest + SECOND, DELIVERY, PRODUCT, RULES)


@pytest.mark.parametrize("notice", [timedelta(0), timedelta(minutes=1)], ids=str)
def test_no_allowance_outlasts_the_start(notice: timedelta) -> None:
    product = PRODUCT.model_copy(update={"call": PRODUCT.call.model_copy(update={"notice_min": notice})})
    generous = replace(RULES, clearing_allowance=timedelta(days=1))
    assert not is_too_late(START - SECOND, DELIVERY, product, generous)
    assert is_too_late(START, DELIVERY, product, generous)
