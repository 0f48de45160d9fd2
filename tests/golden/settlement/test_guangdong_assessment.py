"""Guangdong's assessment, as quoted by trade pages: (cleared x R1 - actual) x price x M.

R1 = 50 %, M = 0.5; nothing once the actual reaches the share. In a profile R1 is
`band_full_ratio` and M is `penalty_ratio`.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from vpp.settlement.performance import Performance

RULES = {"band_low_ratio": "0", "band_full_ratio": "0.5", "band_cap_ratio": "1", "penalty_ratio": "0.5"}


@pytest.mark.parametrize(
    ("cleared_kw", "actual_kw", "price_per_mwh", "assessment"),
    [
        ("10000", "3000", "2000", "2000"),  # (5 - 3) MWh x 2000 x 0.5
        ("10000", "6000", "2000", "0"),
        ("100", "30", "2000", "20"),  # (100 x 0.5 - 30) kWh x 2 per kWh x 0.5
        ("100", "50", "2000", "0"),
        ("100", "70", "2000", "0"),
    ],
)
def test_assessment(
    settle_hour: Callable[..., Performance],
    cleared_kw: str,
    actual_kw: str,
    price_per_mwh: str,
    assessment: str,
) -> None:
    settled = settle_hour(cleared_kw, actual_kw, price_per_mwh, **RULES)
    assert settled.penalty_amount == Decimal(assessment)
