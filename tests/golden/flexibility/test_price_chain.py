"""Check case C6 through the whole chain, from a tariff file to the steps of a bid, and C9 as configured.

C6: a job worth 0.90 per kWh, power at 0.60: a curtailed kWh costs 0.90 - 0.60 = 0.30, so it is offered at
300 per MWh. Halve the tariff, and it costs 0.90 - 0.30 = 0.60: offered at 600.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from vpp.agent.bidding import Enrolled, ProductRules, Terms, Window, bid_for
from vpp.agent.deferrable_unit import DeferrableLoadUnit
from vpp.agent.quantity_fields import read_quantities
from vpp.agent.settings import BiddingTable
from vpp.agent.tariff_source import TariffSource, flat_prices
from vpp.agent.tariff_table import TariffTable
from vpp.agent.wire import amount
from vpp.flexibility.deferrable_pool import DeferrableLoadParameters, DeferrableLoadState, Pausing
from vpp.flexibility.interval_prices import priced_by
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.offer import Offer
from vpp.flexibility.quantity_text import parse_energy_kwh, parse_power_kw
from vpp.flexibility.site_prices import SitePrices
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.v1 import auction_pb2

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
EVENING = datetime(2026, 7, 1, 9, tzinfo=UTC)  # 17:00 in Shanghai
TARIFF = """
tariff_id = "c6"
display_name = "Case C6"
status = "example"
source = "check case C6, numbers illustrative"
currency = "CNY"
time_zone = "Asia/Shanghai"

[[periods]]
name = "day"
price_per_kwh = "{price}"
clock = [{{ start = 00:00:00, end = 17:30:00 }}]

[[periods]]
name = "evening"
price_per_kwh = "{evening}"
clock = [{{ start = 17:30:00, end = 00:00:00 }}]
"""


def prices_of(folder: Path, price: str, evening: str | None = None, **table: object) -> SitePrices:
    (folder / "tariff.toml").write_text(TARIFF.format(price=price, evening=evening or price))
    tariff = TariffTable.model_validate({"file": "tariff.toml", **table})
    return TariffSource(tariff, folder, flat_prices(Decimal("0.99"), "CNY")).prices()


def offer_at(prices: SitePrices) -> Offer:
    """Return what 1000 paused GPUs with worthless idling are offered at, in four quarters from 17:00."""
    pool = DeferrableLoadParameters(
        resource_id="gpu",
        job_class=JobClass.PRETRAIN,
        tier=Tier.FLEX3,
        method=Pausing(HOUR, timedelta(0), idle_power_ratio=0.0),
        gpu_count=2000.0,
        kw_per_gpu=0.5,
        overhead_slope_ratio=0.1,
        job_value_per_kwh=Decimal("0.90"),
        catch_up_within=timedelta(hours=6),
        max_recovery_kw=1000.0,
        response_time=timedelta(minutes=2),
        delivery_ratio=0.8,
    )
    window = Interval(EVENING, EVENING + HOUR)
    flat = prices.mean_price(window, "gpu")
    offer = DeferrableLoadUnit(pool).offer(DeferrableLoadState(running_gpus=1000.0), 4, QUARTER, flat)
    assert offer is not None
    return priced_by(offer, prices, EVENING, QUARTER)


@pytest.mark.parametrize(("tariff", "price"), [("0.60", "300.00"), ("0.30", "600.00")])
def test_c6_a_halved_tariff_doubles_the_price(tmp_path: Path, tariff: str, price: str) -> None:
    assert offer_at(prices_of(tmp_path, tariff)).price_per_mwh == Decimal(price)


def test_c6_so_does_a_subsidy_of_half_the_price_for_what_is_eligible(tmp_path: Path) -> None:
    hall = {"sub_meter_id": "hall-2", "eligible_share_ratio": "1", "site_share_ratio": "0.4"}
    halved = {"reduction_ratio": "0.5", "sub_meters": [{**hall, "resources": ["gpu"]}]}
    elsewhere = {"reduction_ratio": "0.5", "sub_meters": [{**hall, "resources": ["other"]}]}
    assert offer_at(prices_of(tmp_path, "0.60", subsidy=halved)).price_per_mwh == Decimal(600)
    assert offer_at(prices_of(tmp_path, "0.60", subsidy=elsewhere)).price_per_mwh == Decimal(300)


def test_c6_a_block_over_a_change_of_tariff_has_the_mean(tmp_path: Path) -> None:
    # two quarters at 0.60, two at 0.30: (0.30 + 0.60) / 2
    assert offer_at(prices_of(tmp_path, "0.60", "0.30")).price_per_mwh == Decimal(450)


def test_c6_steps_over_a_change_of_tariff_have_a_price_each(tmp_path: Path) -> None:
    block = offer_at(prices_of(tmp_path, "0.60", "0.30"))
    steps = Offer(
        "gpu", (100.0,) * 4, block.price_per_mwh, True, 0.0, None, 0.0, 0, 0.0, Decimal(0), 0.9,  # noqa: FBT003  as stated
        cost=block.cost,
    )  # fmt: skip
    bid = written(priced_by(steps, prices_of(tmp_path, "0.60", "0.30"), EVENING, QUARTER))
    asked = [amount(each.steps[0].price_per_mwh) for each in bid.step_offer.intervals]
    assert asked == [Decimal(300), Decimal(300), Decimal(600), Decimal(600)]


def test_c6_intervals_above_the_cap_are_left_out_of_the_bid(tmp_path: Path) -> None:
    block = offer_at(prices_of(tmp_path, "0.60", "0.30"))
    steps = Offer(
        "gpu", (100.0,) * 4, block.price_per_mwh, True, 0.0, None, 0.0, 0, 0.0, Decimal(0), 0.9,  # noqa: FBT003  as stated
        cost=block.cost,
    )  # fmt: skip
    bid = written(priced_by(steps, prices_of(tmp_path, "0.60", "0.30"), EVENING, QUARTER), cap="500")
    assert [len(each.steps) for each in bid.step_offer.intervals] == [1, 1, 0, 0]


def written(offer: Offer, cap: str = "3000") -> auction_pb2.Bid:
    window = Window("auctions/a", "", Interval(EVENING, EVENING + HOUR), QUARTER, 4, Decimal(cap), EVENING)
    rules = ProductRules(1.0, 1.0, Decimal(0), Decimal(3000), "CNY", QUARTER, is_emergency=False)
    bidding = BiddingTable(tariff_per_kwh=Decimal("0.6"), currency="CNY", reserve_ratio=0.0)
    bid = bid_for(window, offer, Terms("sites/s/resources/gpu", Enrolled(1e4, 1e4), rules, bidding), [])
    assert bid is not None
    return bid.request.bid


def test_c9_unit_strings() -> None:
    assert parse_power_kw("200兆瓦") == 200_000.0  # 200 MW
    assert parse_power_kw("万千瓦") == 10_000.0  # 10 MW
    assert parse_energy_kwh("亿千瓦时") == 100_000_000.0  # 100 GWh
    with pytest.raises(InvalidInput, match="read in two ways"):
        parse_power_kw("200兆ワット")


def test_c9_in_a_sites_configuration() -> None:
    table = {"rated_kw": "0.02万千瓦", "capacity_kwh": "0.09兆瓦时", "wear_cost_per_kwh": "0.16"}
    assert read_quantities(table, "resources.ups.a") == {
        "rated_kw": 200.0,
        "capacity_kwh": 90.0,
        "wear_cost_per_kwh": "0.16",
    }
    wrong = {"rated_kw": "200兆ワット", "capacity_kwh": "3 kW", "plain_kw": 5.0}
    with pytest.raises(InvalidInput) as refusal:
        read_quantities(wrong, "resources.ups.a")
    assert "resources.ups.a.rated_kw: '200兆ワット' can be read in two ways" in str(refusal.value)
    assert "resources.ups.a.capacity_kwh: '3 kW' is a power" in str(refusal.value)
