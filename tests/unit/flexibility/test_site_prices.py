"""Subsidy, contracts and carbon on top of a tariff, with the arithmetic beside each price."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.flexibility.carbon import CarbonPrice, EmissionFactor, FactorKind, avoided_kg
from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.contract_position import ContractKind, ContractPosition
from vpp.flexibility.demand_charge import DemandCharge
from vpp.flexibility.price_series import PriceSeries
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_calendar import TariffCalendar
from vpp.flexibility.tariff_periods import TariffPeriod
from vpp.flexibility.tariff_subsidy import SubMeter, Subsidy
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLAT = TariffCalendar("flat", "CNY", civil_place("Asia/Shanghai"), (TariffPeriod("all", Decimal("0.60")),))
HALF = Subsidy(
    Decimal("0.5"),
    (
        SubMeter("hall-1", Decimal(1), Decimal("0.4"), frozenset({"gpu"})),
        SubMeter("hall-2", Decimal("0.5"), Decimal("0.2"), frozenset({"mixed"})),
    ),
)
WIND = ContractPosition("wind", ContractKind.TAKE_OR_PAY, Decimal("0.4"), Decimal("0.35"), Decimal("0.10"))
YEAR = ContractPosition("year", ContractKind.AS_CONSUMED, Decimal("0.5"), Decimal("0.52"))
GRID = EmissionFactor(
    "made up", FactorKind.AVERAGE, Decimal("0.5"), PriceSeries(NOON, HOUR, (Decimal("0.8"), None))
)


def test_a_subsidy_lowers_the_price_of_what_its_sub_meters_count() -> None:
    prices = SitePrices(FLAT, HALF)
    assert prices.price_at(NOON, "gpu") == Decimal("0.30")
    assert prices.price_at(NOON, "mixed") == Decimal("0.45")  # half of it is eligible
    assert prices.price_at(NOON, "cooling") == Decimal("0.60")
    assert prices.price_at(NOON) == Decimal("0.45")  # 0.60 x (1 - 0.5 x (0.4 + 0.2 x 0.5))


def test_power_bought_ahead_saves_what_its_contract_says() -> None:
    # as consumed: 0.5 x 0.60 + 0.5 x 0.52
    assert SitePrices(FLAT, contracts=(YEAR,)).price_at(NOON) == Decimal("0.560")
    # take or pay: 0.6 x 0.60 + 0.4 x 0.10, whatever the contract's own price
    assert SitePrices(FLAT, contracts=(WIND,)).price_at(NOON) == Decimal("0.400")
    # both: 0.1 x 0.60 + 0.4 x 0.10 + 0.5 x 0.52
    assert SitePrices(FLAT, contracts=(WIND, YEAR)).price_at(NOON) == Decimal("0.360")


def test_carbon_adds_its_price_hour_by_hour() -> None:
    prices = SitePrices(FLAT, carbon=CarbonPrice(GRID, Decimal(100)))
    # 0.8 kg x 0.10 per kg, then the factor that holds where none is known
    assert prices.prices_over(NOON, HOUR, 3) == (Decimal("0.68"), Decimal("0.65"), Decimal("0.65"))
    assert prices.mean_price(Interval(NOON, NOON + 2 * HOUR)) == Decimal("0.665")


def test_all_of_it_together() -> None:
    prices = SitePrices(FLAT, HALF, (WIND,), CarbonPrice(GRID, Decimal(100)))
    # 0.6 x 0.30 + 0.4 x 0.10 + 0.08
    assert prices.price_at(NOON, "gpu") == Decimal("0.300")
    assert prices.currency == "CNY"


def test_what_is_drawn_again_emits_again() -> None:
    # 100 kWh at 0.8, 20 drawn again at 0.5
    assert avoided_kg(GRID, NOON, HOUR, [100.0, -20.0]) == Decimal(70)
    with pytest.raises(InvalidInput, match="reduction_kw"):
        avoided_kg(GRID, NOON, HOUR, [float("nan")])


def test_only_a_higher_peak_adds_to_the_demand_charge() -> None:
    charge = DemandCharge(Decimal(38))
    assert charge.added_cost(900.0, [880.0, 930.0]) == Decimal(1140)
    assert charge.added_cost(900.0, [880.0, 900.0]) == 0
    assert charge.added_cost(900.0, []) == 0


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda: SitePrices(FLAT, contracts=(WIND, YEAR, YEAR)), "contracts cover 1.4"),
        (
            lambda: ContractPosition("a", ContractKind.AS_CONSUMED, Decimal(1), Decimal(1), Decimal(1)),
            "resale_per_kwh",
        ),
        (lambda: ContractPosition("a", ContractKind.AS_CONSUMED, Decimal(0), Decimal(1)), "share_ratio"),
        (
            lambda: ContractPosition("a", ContractKind.AS_CONSUMED, Decimal(1), Decimal("NaN")),
            "price_per_kwh",
        ),
        (lambda: Subsidy(Decimal("1.5"), ()), "reduction_ratio"),
        (
            lambda: Subsidy(Decimal("0.5"), (SubMeter("a", Decimal(1), Decimal("0.7")),) * 2),
            "sum of site_share_ratio is 1.4",
        ),
        (
            lambda: Subsidy(
                Decimal("0.5"), (SubMeter("a", Decimal(1), Decimal("0.1"), frozenset({"gpu"})),) * 2
            ),
            "behind two sub-meters",
        ),
        (lambda: EmissionFactor(" ", FactorKind.AVERAGE, Decimal(1)), "source"),
        (lambda: EmissionFactor("x", FactorKind.AVERAGE, Decimal(-1)), "kg_per_kwh"),
        (
            lambda: EmissionFactor(
                "x", FactorKind.MARGINAL, Decimal(1), PriceSeries(NOON, HOUR, (Decimal(-1),))
            ),
            "kg_per_kwh",
        ),
        (lambda: CarbonPrice(GRID, Decimal(-1)), "price_per_tonne"),
    ],
)
def test_what_contradicts_itself_is_refused(build: Callable[[], object], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        build()
