from datetime import UTC, datetime, timedelta

import pytest

from vpp.flexibility.delivery_confidence import DeliveryObservation
from vpp.flexibility.envelope import DeliveryConfidence
from vpp.flexibility.kept_promises import kept_promises

START = datetime(2026, 3, 4, tzinfo=UTC)
PRIOR = DeliveryConfidence(0.95)


def seen(ratios: list[float]) -> list[DeliveryObservation]:
    return [
        DeliveryObservation(START + timedelta(days=n), 100.0, 100.0 * ratio) for n, ratio in enumerate(ratios)
    ]


def test_the_prior_holds_until_nine_responses_have_taught_better() -> None:
    found = kept_promises(seen([0.8] * 12), PRIOR)
    assert [each.promised_ratio for each in found] == [0.95] * 9 + [0.8] * 3
    assert [each.is_kept for each in found] == [False] * 9 + [True] * 3


def test_no_response_is_judged_by_a_promise_that_it_taught_itself() -> None:
    found = kept_promises(seen([0.9] * 9 + [0.5]), PRIOR)
    assert found[-1].promised_ratio == pytest.approx(0.9)
    assert not found[-1].is_kept
    assert found[-1].delivered_ratio == pytest.approx(0.5)


def test_without_responses_there_is_nothing() -> None:
    assert kept_promises([], PRIOR) == ()
