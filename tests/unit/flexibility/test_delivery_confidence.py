"""What is promised after a resource has been tried."""

from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import pytest

from vpp.flexibility.delivery_confidence import (
    INSTRUMENT_CLASS_RATIO,
    DeliveredRatio,
    DeliveryObservation,
    delivered_ratios,
    learned_confidence,
    observation_document,
    observation_from,
    ratio_at,
)
from vpp.flexibility.envelope import DeliveryConfidence
from vpp.foundation.errors import InvalidInput

AT = datetime(2026, 3, 4, 10, tzinfo=UTC)
PRIOR = DeliveryConfidence(0.8)


def seen(
    metered_kw: float, shown_kw: float | None = None, noise_kw: float = 0.0, number: int = 0
) -> DeliveryObservation:
    return DeliveryObservation(AT + number * timedelta(days=1), 100.0, metered_kw, shown_kw, noise_kw)


def test_the_prior_holds_until_there_are_nine_responses() -> None:
    eight = [seen(90.0 + n) for n in range(8)]
    assert learned_confidence(eight, PRIOR) == PRIOR
    nine = [*eight, seen(50.0)]
    assert learned_confidence(nine, PRIOR).p10_ratio == pytest.approx(0.5)


def test_ranks_are_those_of_exchangeable_ratios() -> None:
    nineteen = [n / 100.0 for n in range(1, 20)]
    # Rank 0.1 * 20 = 2 of 19, rank 10 is the median, rank 18 the p90.
    confidence = learned_confidence([seen(100.0 * ratio) for ratio in nineteen], PRIOR)
    assert (confidence.p10_ratio, confidence.p50_ratio, confidence.p90_ratio) == pytest.approx(
        (0.02, 0.10, 0.18)
    )


def test_a_rank_between_two_is_interpolated() -> None:
    fourteen = [DeliveredRatio(float(n)) for n in range(1, 15)]
    assert ratio_at(fourteen, 0.1) == pytest.approx(1.5)  # rank 0.1 * 15 = 1.5


def test_too_few_ratios_for_a_rank_are_refused() -> None:
    with pytest.raises(InvalidInput, match="there are 8 ratios"):
        ratio_at([DeliveredRatio(1.0)] * 8, 0.1)


def test_only_the_newest_ninety_nine_count() -> None:
    old, new = [seen(10.0)] * 50, [seen(90.0)] * 99
    assert learned_confidence([*old, *new], PRIOR).p10_ratio == pytest.approx(0.9)


def values(observations: list[DeliveryObservation]) -> list[float]:
    return [each.ratio for each in delivered_ratios(observations)]


def test_the_level_is_the_meters_and_the_spread_the_instruments() -> None:
    # The instrument shows 5 % too much; the meter is right on average and noisy by 0.1 kW each time.
    shown = [100.0, 90.0, 100.0, 90.0]
    noise = [0.1, -0.1, -0.1, 0.1]
    observations = [
        seen(true / 1.05 + off, shown_kw=true, noise_kw=0.1) for true, off in zip(shown, noise, strict=True)
    ]
    expected = [true / 1.05 / 100.0 for true in shown]
    assert values(observations) == pytest.approx(expected, rel=1e-3)


def test_a_meter_that_knows_little_leaves_the_level_to_the_instruments_class() -> None:
    # The meter says 0.9 of the instrument, with a standard deviation of 10 % over nine tests of 30 %.
    observations = [seen(90.0, shown_kw=100.0, noise_kw=30.0)] * 9
    by_meter, by_class = 0.1**-2, INSTRUMENT_CLASS_RATIO**-2
    gain = (0.9 * by_meter + by_class) / (by_meter + by_class)
    (first, *_) = delivered_ratios(observations)
    assert first.ratio == pytest.approx(gain)
    assert first.level_sd == pytest.approx((by_meter + by_class) ** -0.5)


@pytest.mark.parametrize("count", [9, 19, 99])
def test_an_uncertain_level_lowers_the_promise_by_its_own_bell_curve(count: int) -> None:
    # All ratios alike: nine tenths of a bell lie above 1.2816 standard deviations below its middle.
    alike = [DeliveredRatio(1.0, 0.01)] * count
    assert ratio_at(alike, 0.1) == pytest.approx(1.0 - 0.01 * NormalDist().inv_cdf(0.9))


def test_a_certain_level_leaves_the_ranks_as_they_are() -> None:
    ratios = [DeliveredRatio(n / 10.0) for n in range(1, 15)]
    nearly = [DeliveredRatio(each.ratio, 1e-6) for each in ratios]
    assert ratio_at(ratios, 0.1) == pytest.approx(0.15)
    assert ratio_at(nearly, 0.1) == pytest.approx(0.15, abs=1e-4)


def test_a_device_that_lies_is_measured_at_the_meter() -> None:
    honest = [seen(99.0, shown_kw=100.0, noise_kw=0.2)] * 8
    ratios = values([*honest, seen(1.0, shown_kw=100.0, noise_kw=2.0)])
    assert ratios == pytest.approx([0.99] * 8 + [0.01], rel=1e-3)


def test_a_device_that_always_lies_is_not_believed() -> None:
    promised = learned_confidence([seen(0.0, shown_kw=100.0, noise_kw=2.0)] * 9, PRIOR)
    assert promised.p10_ratio < 0.01


def test_a_response_in_the_wrong_direction_promises_nothing() -> None:
    assert learned_confidence([seen(-20.0)] * 9, PRIOR) == DeliveryConfidence(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("commanded_kw", 0.0), ("metered_kw", float("nan")), ("shown_kw", float("inf")), ("noise_kw", -1.0)],
)
def test_what_is_no_measurement_is_refused(field: str, value: float) -> None:
    values = {"commanded_kw": 1.0, "metered_kw": 1.0, field: value}
    with pytest.raises(InvalidInput, match=f"{field} is"):
        DeliveryObservation(AT, **values)


@pytest.mark.parametrize("shown_kw", [None, 97.5])
def test_an_observation_survives_the_journal(shown_kw: float | None) -> None:
    observation = seen(98.0, shown_kw, 1.5)
    assert observation_from(observation_document(observation)) == observation


def test_a_document_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        observation_from({"at": AT.isoformat()})
