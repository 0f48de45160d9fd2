"""China's common band: 80 to 120 % of the commitment is paid, nothing below, nothing more above.

    rho < 0.8 -> 0;   0.8 <= rho <= 1.2 -> rho;   rho > 1.2 -> 1.2

Some places pay 50 to 80 % at a reduced rate, some ask that the event's highest load lies below the baseline's
and that the mean fell by a share of it. All of these figures are unverified, and parameters.
"""

from decimal import Decimal

import pytest
from support.made_events import Row, amounts, delivery, settled, with_money
from support.products import shipped_products

from vpp.portfolio.product import ProductProfile

BAND = [("0.8", "0"), ("0.8", "0.8"), ("1.2", "1.2")]
REDUCED = [("0.5", "0"), ("0.5", "0.25"), ("0.8", "0.4"), ("0.8", "0.8"), ("1.2", "1.2")]


def product(corners: list[tuple[str, str]], **money: object) -> ProductProfile:
    points = [{"delivered_ratio": at, "paid_ratio": paid} for at, paid in corners]
    rules = {"response": {"points": points}, "penalty_formula_id": "none", "penalty": None} | money
    shipped = shipped_products()["example-cn-day-ahead"]
    return with_money(shipped, aggregator_fee_ratio="0", **rules)


def paid(rules: ProductProfile, *delivered_kw: str, baseline: str = "50000") -> Decimal:
    # a whole number of hours at 1000 CNY/MWh and 1000 kW asked: CNY are kWh
    hour = int(3600 / rules.settlement_interval.total_seconds())
    rows = [
        Row(asked="1000", delivered=each, price="1000", baseline=baseline)
        for each in delivered_kw
        for _ in range(hour)
    ]
    return amounts(settled(delivery(rules, rows)))["ENERGY"]


@pytest.mark.parametrize(
    ("delivered_kw", "kwh"),
    [("799.996", 0), ("800", 800), ("1000", 1000), ("1200", 1200), ("1300", 1200), ("-100", 0)],
)
def test_the_band(delivered_kw: str, kwh: int) -> None:
    assert paid(product(BAND), delivered_kw) == kwh


@pytest.mark.parametrize(("delivered_kw", "kwh"), [("400", 0), ("500", 250), ("700", 350), ("800", 800)])
def test_a_reduced_rate_below_the_band(delivered_kw: str, kwh: int) -> None:
    assert paid(product(REDUCED), delivered_kw) == kwh


def test_the_event_may_be_judged_as_a_whole() -> None:
    assert paid(product(BAND), "700", "900") == 900  # the first hour fails by itself
    assert paid(product(BAND, judged_over="event"), "700", "900") == 1600  # 80 % of both


@pytest.mark.parametrize(("delivered_kw", "kwh"), [(("0", "1800"), 0), (("700", "1100"), 1800)])
def test_the_highest_load_must_lie_below_the_baselines(delivered_kw: tuple[str, str], kwh: int) -> None:
    rules = product(BAND, judged_over="event", limits={"peak_below_baseline": True})
    assert paid(rules, *delivered_kw) == kwh


@pytest.mark.parametrize(("baseline", "kwh"), [("10000", 1000), ("10001", 0)])
def test_the_mean_must_fall_by_a_share(baseline: str, kwh: int) -> None:
    rules = product(BAND, limits={"min_mean_reduction_ratio": "0.1"})
    assert paid(rules, "1000", baseline=baseline) == kwh
