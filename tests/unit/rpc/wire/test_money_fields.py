from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.money_fields import MoneyMessage, amount, amount_in, money


@pytest.mark.parametrize(
    ("text", "units", "nanos"),
    [
        ("0", 0, 0),
        ("12.5", 12, 500_000_000),
        ("-12.5", -12, -500_000_000),
        ("-0.000000001", 0, -1),
        ("0.999999999", 0, 999_999_999),
        ("9223372036854775807.999999999", 2**63 - 1, 999_999_999),
        ("1E+3", 1000, 0),
        ("3000.000000", 3000, 0),
    ],
)
def test_amounts_are_exact_both_ways(text: str, units: int, nanos: int) -> None:
    message = money(Decimal(text), "GBP")
    assert (message.units, message.nanos, message.currency_code) == (units, nanos, "GBP")
    assert amount(message, "price_per_mwh") == Decimal(text)


@pytest.mark.parametrize(
    "text", ["0.0000000001", "1.1234567891", "NaN", "Infinity", "9223372036854775808", "-1E+30"]
)
def test_an_amount_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"amount is .*, expected"):
        money(Decimal(text), "GBP")


@pytest.mark.parametrize(
    ("units", "nanos"), [(1, -1), (-1, 1), (0, 1_000_000_000), (0, -1_000_000_000), (5, 2_000_000_000)]
)
def test_a_malformed_amount_is_refused(units: int, nanos: int) -> None:
    with pytest.raises(InvalidInput, match=r"bid\.price has .* units and .* nanos"):
        amount(MoneyMessage(currency_code="GBP", units=units, nanos=nanos), "bid.price")


@pytest.mark.parametrize(("currency", "said"), [("EUR", "EUR"), ("", "no currency"), ("gbp", "gbp")])
def test_another_currency_is_refused(currency: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        amount_in(MoneyMessage(currency_code=currency, units=1), "GBP", "bid.price")
    assert str(refusal.value) == f"bid.price is in {said}, expected GBP"
