"""The promise is met nine times in ten whatever the ratios are drawn from."""

import random as randoms

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility.delivery_confidence import (
    MISSED_RATIO,
    OBSERVATIONS_NEEDED,
    DeliveredRatio,
    ratio_at,
)


def promised(ratios: list[float], level_sd: float = 0.0) -> float:
    return ratio_at([DeliveredRatio(ratio, level_sd) for ratio in ratios], MISSED_RATIO)


RATIOS = st.lists(st.floats(0.0, 1.2), min_size=OBSERVATIONS_NEEDED, max_size=60)


@given(RATIOS, st.randoms(use_true_random=False))
def test_the_order_of_the_past_does_not_matter(ratios: list[float], random: randoms.Random) -> None:
    shuffled = list(ratios)
    random.shuffle(shuffled)
    assert promised(shuffled) == pytest.approx(promised(ratios))


@given(RATIOS)
def test_at_most_one_in_ten_of_the_past_lies_below(ratios: list[float]) -> None:
    value = promised(ratios)
    assert sum(ratio < value - 1e-6 for ratio in ratios) <= MISSED_RATIO * (len(ratios) + 1) + 1e-9
    assert min(ratios) - 1e-6 <= value <= max(ratios)


@given(RATIOS, st.floats(1e-6, 0.2))
def test_the_less_certain_the_level_of_like_ratios_the_lower_the_promise(
    ratios: list[float], level_sd: float
) -> None:
    alike = [ratios[0]] * 20
    assert promised(alike, 2.0 * level_sd) < promised(alike, level_sd) < promised(alike)


@pytest.mark.parametrize("count", [9, 19, 29])
@pytest.mark.parametrize("kind", ["normal", "two_moded", "heavy_tailed"])
def test_nine_in_ten_hold_for_every_distribution(kind: str, count: int) -> None:
    draw = np.random.default_rng(7)
    rounds = 4000
    shape = (rounds, count + 1)
    ratios = {
        "normal": draw.normal(0.95, 0.05, shape),
        "two_moded": np.where(draw.random(shape) < 0.3, 0.2, 0.97) + draw.normal(0.0, 0.01, shape),
        "heavy_tailed": 1.0 - draw.pareto(1.5, shape) * 0.1,
    }[kind]
    met = sum(float(row[-1]) >= promised(row[:-1].tolist()) for row in ratios) / rounds
    # Four standard errors of a share of 0.9 in 8,000.
    assert met == pytest.approx(0.9, abs=4.0 * (0.9 * 0.1 / rounds) ** 0.5)


@pytest.mark.parametrize("level_sd", [0.003, 0.01, 0.03])
def test_nine_in_ten_hold_where_the_level_is_uncertain(level_sd: float) -> None:
    draw = np.random.default_rng(11)
    count, rounds = 9, 2500
    true = draw.normal(0.95, 0.01, (rounds, count + 1))
    level = draw.normal(1.0, level_sd, (rounds, 1))
    shown = true[:, :-1] * level
    met = sum(
        float(new) >= promised(past.tolist(), level_sd * 0.95)
        for past, new in zip(shown, true[:, -1], strict=True)
    )
    assert met / rounds == pytest.approx(0.9, abs=3.0 * (0.9 * 0.1 / rounds) ** 0.5)
