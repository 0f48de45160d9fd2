from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.flexibility.offer import Offer, price_per_mwh
from vpp.foundation.errors import InvalidInput

OFFER = Offer("bess", (10.0, 0.0), Decimal(100), True, 0.0, None, 1.2, 4, 10.0, Decimal(0), 0.9)  # noqa: FBT003  positional on purpose
MINUTE = timedelta(minutes=1)
ENVELOPE = EnrolmentEnvelope(100.0, 10.0, MINUTE, MINUTE, 60 * MINUTE, 100.0, 1.2, 90 * MINUTE)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reduction_kw": ()}, "reduction_kw"),
        ({"reduction_kw": (0.0, 0.0)}, "reduction_kw"),
        ({"reduction_kw": (10.0, -1.0)}, "reduction_kw"),
        ({"min_acceptance_ratio": 1.5}, "min_acceptance_ratio"),
        ({"delivery_ratio": 0.0}, "delivery_ratio"),
        ({"energy_limit_kwh": -1.0}, "energy_limit_kwh"),
        ({"recovery_intervals": -1}, "recovery_intervals"),
        ({"price_per_mwh": Decimal("NaN")}, "price_per_mwh"),
    ],
)
def test_an_impossible_offer_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        replace(OFFER, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"max_reduction_kw": 5.0},
        {"min_duration": 61 * MINUTE},
        {"response_time": -MINUTE},
        {"recovery_ratio": -0.1},
    ],
)
def test_an_impossible_envelope_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        replace(ENVELOPE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cost", "price"), [("0.1", "100.00"), ("0.100001", "100.01"), ("0", "0.00"), ("-0.5", "0.00")]
)
def test_prices_are_rounded_up_and_never_negative(cost: str, price: str) -> None:
    assert price_per_mwh(Decimal(cost)) == Decimal(price)
