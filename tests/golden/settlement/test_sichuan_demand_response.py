"""Sichuan market demand response, per hour, as quoted by a provincial design note.

    Q_eff      = Q_act                                  if Q_act <= 1.1 Q_bid
               = 1.1 Q_bid + 0.5 (Q_act - 1.1 Q_bid)    otherwise
    pay        = Q_eff x P
    assessment = max(0.9 Q_bid - Q_eff, 0) x 1.1 P

Q_bid is 10 MW, P is 1000 CNY/MWh. A profile says all of this but the half share above 110 %, which
would take one more breakpoint: the row of 13 MW is settled at the cap instead of at 12 MW.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from vpp.settlement.performance import Performance

RULES = {
    "band_low_ratio": "0",
    "band_full_ratio": "0.9",
    "band_cap_ratio": "1.1",
    "penalty_ratio": "1.1",
}


@pytest.mark.parametrize(
    ("delivered_kw", "pay", "assessment"),
    [
        ("11000", "11000", "0"),
        ("9000", "9000", "0"),
        ("8000", "8000", "1100"),  # (9 - 8) x 1100
        ("0", "0", "9900"),  # 9 x 1100
    ],
)
def test_pay_and_assessment(
    settle_hour: Callable[..., Performance], delivered_kw: str, pay: str, assessment: str
) -> None:
    settled = settle_hour("10000", delivered_kw, "1000", **RULES)
    assert (settled.energy.amount, settled.penalty.amount) == (Decimal(pay), Decimal(assessment))


def test_above_the_cap_nothing_more_is_paid(settle_hour: Callable[..., Performance]) -> None:
    settled = settle_hour("10000", "13000", "1000", **RULES)
    assert settled.energy.amount == Decimal(11_000)  # the rule itself would pay 12 000
