from datetime import UTC, datetime, timedelta

import pytest

from vpp.dispatch.reliability import ReliabilityChoices, Shown, reliability_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CHOICES = ReliabilityChoices()
DAY = timedelta(days=1)


def test_a_site_that_has_shown_nothing_is_taken_at_its_word() -> None:
    assert reliability_of([], NOW, CHOICES).ratio == 1.0


def test_one_failure_among_many_successes_costs_little() -> None:
    good = [Shown(NOW, 1.0)] * 9
    assert reliability_of([*good, Shown(NOW, 0.0)], NOW, CHOICES).ratio == pytest.approx(10 / 11)


def test_an_event_counts_half_after_its_half_life_and_not_at_all_beyond_the_horizon() -> None:
    failed = [Shown(NOW - CHOICES.half_life, 0.0)]
    assert reliability_of(failed, NOW, CHOICES).ratio == pytest.approx(1 / 1.5)
    long_ago = reliability_of([Shown(NOW - CHOICES.horizon - DAY, 0.0)], NOW, CHOICES)
    assert (long_ago.ratio, long_ago.event_count) == (1.0, 0)


def test_no_site_is_counted_at_nothing() -> None:
    failed = [Shown(NOW, 0.0)] * 1000
    assert reliability_of(failed, NOW, CHOICES).ratio == CHOICES.least_ratio


def test_the_order_of_what_was_shown_does_not_matter() -> None:
    shown = [Shown(NOW - n * DAY, (n % 7) / 7) for n in range(40)]
    assert reliability_of(shown, NOW, CHOICES) == reliability_of(shown[::-1], NOW, CHOICES)


def test_a_clock_that_went_back_makes_no_event_weigh_more_than_one() -> None:
    assert reliability_of([Shown(NOW + DAY, 0.0)], NOW, CHOICES).ratio == pytest.approx(0.5)
