from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.performance import BandCode, assess
from vpp.settlement.run_type import RunType
from vpp.telemetry.quality import MeterQuality

PRICE = Decimal(80)
Measured = Callable[..., MeasuredInterval]
Product = Callable[..., ProductProfile]


@pytest.mark.parametrize(
    ("delivered", "payable", "band", "basis"),
    [  # target 100 kWh; bands 50 %, 90 %, 120 %
        ("-5", "0", BandCode.BELOW_LOW, "95"),
        ("0", "0", BandCode.BELOW_LOW, "90"),
        ("49.999", "0", BandCode.BELOW_LOW, "40.001"),
        ("50", "50", BandCode.PARTIAL, "40"),
        ("89.999", "89.999", BandCode.PARTIAL, "0.001"),
        ("90", "90", BandCode.FULL, "0"),
        ("120", "120", BandCode.FULL, "0"),
        ("120.001", "120", BandCode.CAPPED, "0"),
        ("300", "120", BandCode.CAPPED, "0"),
    ],
)
def test_bands(  # noqa: PLR0913, PLR0917  one argument per column of the table
    measured: Measured, product: Product, delivered: str, payable: str, band: BandCode, basis: str
) -> None:
    judged = assess(measured(delivered), product().money, PRICE, RunType.INITIAL)
    assert (judged.payable_kwh, judged.band_code) == (Decimal(payable), band)
    assert judged.penalty_basis_kwh == Decimal(basis)


def test_payment_and_penalty_are_rounded_half_up(measured: Measured, product: Product) -> None:
    judged = assess(measured("62.5625"), product().money, PRICE, RunType.INITIAL)
    # 62.5625 kWh at 80 per MWh are 5.005; the shortfall is cut to 27.437 kWh, at 40 per MWh 1.09748
    assert judged.energy.amount == Decimal("5.01")
    assert judged.penalty_basis_kwh == Decimal("27.437")
    assert judged.penalty.amount == Decimal("1.10")


def test_the_yen_has_no_minor_digits(measured: Measured, product: Product) -> None:
    judged = assess(measured("100"), product(currency="JPY").money, Decimal(12345), RunType.INITIAL)
    assert str(judged.energy.amount) == "1235"  # 1234.5 rounded half up


def test_the_cap_is_cut_not_rounded(measured: Measured, product: Product) -> None:
    start = datetime(2026, 3, 2, 17, tzinfo=UTC)
    third = Interval(start, start + timedelta(minutes=20))
    hour = measured("80", interval=third)  # cap 1.2 x 100 kW x 1/3 h = 40 kWh exactly
    assert assess(hour, product().money, PRICE, RunType.INITIAL).payable_kwh == Decimal(40)
    odd = measured("80", interval=third, target_kw=Decimal(50))
    judged = assess(odd, product(band_cap_ratio="1").money, PRICE, RunType.INITIAL)
    assert judged.payable_kwh == Decimal("16.666")  # 16.6666... cut


def test_a_target_of_zero_pays_nothing(measured: Measured, product: Product) -> None:
    judged = assess(measured("10", target_kw=Decimal(0)), product().money, PRICE, RunType.INITIAL)
    assert (judged.payable_kwh, judged.band_code) == (Decimal(0), BandCode.CAPPED)


@pytest.mark.parametrize("quality", [MeterQuality.BAD, MeterQuality.MISSING])
@pytest.mark.parametrize("run_type", list(RunType))
def test_bad_data_neither_pay_nor_punish(
    measured: Measured, product: Product, quality: MeterQuality, run_type: RunType
) -> None:
    judged = assess(measured("10", quality=quality), product().money, PRICE, run_type)
    assert judged.band_code is BandCode.NO_DATA
    assert (judged.payable_kwh, judged.energy.amount, judged.penalty.amount) == (0, 0, 0)
    assert quality.name.lower() in judged.note


@pytest.mark.parametrize("run_type", list(RunType))
def test_estimates_count_in_the_initial_run_only(
    measured: Measured, product: Product, run_type: RunType
) -> None:
    judged = assess(measured(quality=MeterQuality.ESTIMATED), product().money, PRICE, run_type)
    assert (judged.energy.amount > 0) == (run_type is RunType.INITIAL)
    assert (judged.note == "") == (run_type is RunType.INITIAL)


def test_without_a_baseline_nothing_is_judged(measured: Measured, product: Product) -> None:
    blind = measured(baseline_raw_kwh=None, baseline_kwh=None)
    judged = assess(blind, product().money, PRICE, RunType.FINAL)
    assert judged.band_code is BandCode.NO_DATA
    assert "no baseline" in judged.note


def test_a_product_without_penalty_has_no_basis(measured: Measured, product: Product) -> None:
    money = product(penalty_formula_id="none").money
    judged = assess(measured("0"), money, PRICE, RunType.INITIAL)
    assert (judged.penalty_basis_kwh, judged.penalty.amount) == (0, 0)


def test_a_negative_price_never_pays_for_a_shortfall(measured: Measured, product: Product) -> None:
    judged = assess(measured("60"), product().money, Decimal(-80), RunType.INITIAL)
    assert judged.energy.amount == Decimal("-4.80")
    assert judged.penalty.amount == 0


def test_an_unknown_formula_is_refused(measured: Measured, product: Product) -> None:
    money = product().money.model_copy(update={"penalty_formula_id": "weather"})
    with pytest.raises(InvalidInput, match="'weather', expected one of none, shortfall_at_price"):
        assess(measured(), money, PRICE, RunType.INITIAL)


def test_prices_have_six_places(measured: Measured, product: Product) -> None:
    judged = assess(measured("60"), product().money, Decimal("80.1234565"), RunType.INITIAL)
    assert judged.price_per_mwh == Decimal("80.123457")
    assert judged.penalty_price_per_mwh == Decimal("40.061729")  # half of it, half up
