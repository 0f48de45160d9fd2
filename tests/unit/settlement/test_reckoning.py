from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.line_code import LineCode
from vpp.settlement.reckoning import Reckoning, reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.shared_figures import SharedFigures
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]
RUN = RunTerms(RunType.INITIAL, "hub")


def run(*deliveries: SiteDelivery, period: str = "2026-03", terms: RunTerms = RUN) -> Reckoning:
    return reckon(period, deliveries, run=terms)


def test_charges_come_in_the_statements_order(delivery: Delivery) -> None:
    start = datetime.fromisoformat("2026-03-01T17:00:00+00:00")
    charges = run(
        delivery(["100"], site_id="south-1"),
        delivery(["100"]),
        delivery(["100"], event_id="earlier", start=start),
        delivery(["60"], event_id="afternoon"),
    ).charges
    assert [(each.event_id, each.site_id, each.code.name) for each in charges] == [
        ("earlier", "north-1", "ENERGY"),
        ("earlier", "north-1", "AGG_FEE"),
        ("afternoon", "north-1", "ENERGY"),
        ("afternoon", "north-1", "AGG_FEE"),
        ("afternoon", "north-1", "PENALTY"),
        ("evening", "north-1", "ENERGY"),
        ("evening", "north-1", "AGG_FEE"),
        ("evening", "south-1", "ENERGY"),
        ("evening", "south-1", "AGG_FEE"),
    ]


def test_estimates_count_where_a_site_is_settled_for_the_first_time(delivery: Delivery) -> None:
    north = delivery(["100"], quality=MeterQuality.ESTIMATED)
    south = delivery(["100"], quality=MeterQuality.ESTIMATED, site_id="south-1")
    first = frozenset({("evening", "south-1")})
    charges = run(north, south, terms=RunTerms(RunType.RECALC, "hub", first)).charges
    paid = {each.site_id: str(each.amount) for each in charges if each.code is LineCode.ENERGY}
    assert paid == {"north-1": "0.00", "south-1": "8.00"}
    final = run(north, south, terms=RunTerms(RunType.FINAL, "hub", first))
    assert {each.amount for each in final.charges} == {0}


def test_several_operators_pay_their_own(delivery: Delivery) -> None:
    charges = run(delivery(["100"]), delivery(["100"], event_id="night", operator_party_id="wire")).charges
    assert [each.payer_party_id for each in charges if each.code is LineCode.ENERGY] == ["grid", "wire"]


def test_another_months_site_counts_in_the_sums_alone(delivery: Delivery, product: Product) -> None:
    rules = product(measured_as="aggregate")
    start = datetime.fromisoformat("2026-03-31T22:30:00+00:00")
    london = delivery(["60"], product=rules, start=start, local_starts=("2026-03-31T23:30:00+01:00",))
    paris = delivery(
        ["30"],
        product=rules,
        start=start,
        site_id="paris-1",
        time_zone="Europe/Paris",
        local_starts=("2026-04-01T00:30:00+02:00",),
    )
    march, april = run(london, paris), run(london, paris, period="2026-04")
    # 90 of 200 kWh are below the lowest band of 50 %; 60 of 100 would not be
    assert {(each.site_id, str(each.amount)) for each in march.charges if each.measured} == {
        ("north-1", "0.00")
    }
    assert {each.site_id for each in april.charges} == {"paris-1"}
    assert str(run(london).charges[0].amount) == "4.80"
    assert march.shared == april.shared


def test_the_run_says_what_was_not_settled(delivery: Delivery) -> None:
    silent = delivery(["100", "100"], quality=MeterQuality.MISSING)
    assert run(silent, delivery(["100"], site_id="south-1")).notes == (
        "evening: 2 intervals at 1 sites without usable data, neither paid nor charged for",
    )


def test_rounding_is_left_out_where_sums_are_given(delivery: Delivery, product: Product) -> None:
    rules = product(rounding="event", penalty_formula_id="none")
    price = (Decimal("80.08"),)
    sites = [
        delivery(["62.5"], product=rules, site_id=each, price_per_mwh=price)
        for each in ("north-1", "south-1")
    ]
    whole = run(*sites)
    assert whole.charges[-1].code is LineCode.ROUNDING
    own = reckon("2026-03", sites, run=RUN, shared=SharedFigures())
    assert own.charges == whole.charges[:-1]


@pytest.mark.parametrize("period", ["2026-13", "2026-3", "march"])
def test_a_period_is_a_month(period: str) -> None:
    with pytest.raises(InvalidInput, match=f"period is '{period}', expected YYYY-MM"):
        run(period=period)


def test_a_site_delivers_once_in_an_event(delivery: Delivery) -> None:
    later = delivery(start=datetime.fromisoformat("2026-03-03T17:00:00+00:00"))
    with pytest.raises(InvalidInput, match="site north-1 has two deliveries in event evening"):
        run(delivery(), later)


def test_an_empty_month_owes_nothing() -> None:
    assert run() == Reckoning((), (), SharedFigures())


def test_nothing_given_is_changed(delivery: Delivery) -> None:
    given = delivery(["60"], make_whole=Decimal(1))
    kept = replace(given)
    assert run(given).charges
    assert given == kept


def test_a_fee_of_ratio_nothing_makes_no_line(delivery: Delivery, product: Product) -> None:
    free = product(aggregator_fee_ratio="0")
    assert [each.code.name for each in run(delivery(["100"], product=free)).charges] == ["ENERGY"]


def test_a_long_month_is_reckoned_once_per_interval(delivery: Delivery) -> None:
    start = datetime.fromisoformat("2026-03-02T00:00:00+00:00")
    days = [delivery(["100"] * 4, event_id=f"day-{n:02}", start=start + timedelta(days=n)) for n in range(28)]
    charges = run(*days).charges
    assert len({each.key for each in charges}) == len(charges) == 28 * 4 * 2


def test_estimates_without_a_baseline_are_readiness_once(
    delivery: Delivery, product: Product, measured: Callable[..., MeasuredInterval]
) -> None:
    rules = product(availability_price_per_kw_h="0.02", aggregator_fee_ratio="0")

    def blind(site_id: str) -> SiteDelivery:
        gap = {"baseline_kwh": None, "baseline_raw_kwh": None, "quality": MeterQuality.ESTIMATED}
        return delivery(
            ["100"], product=rules, site_id=site_id, intervals=(measured(site_id=site_id, **gap),)
        )

    first = frozenset({("evening", "south-1"), ("other", "north-1")})
    charges = run(blind("north-1"), blind("south-1"), terms=RunTerms(RunType.RECALC, "hub", first)).charges
    paid = {each.site_id: str(each.amount) for each in charges if each.code is LineCode.AVAILABILITY}
    assert paid == {"north-1": "0.00", "south-1": "2.00"}


@pytest.mark.parametrize(
    ("shift", "paid"), [(Decimal("-20.000"), "6.40"), (Decimal("0.001"), "8.00"), (None, "8.00")]
)
def test_the_baseline_of_the_sum_counts_where_there_is_one(
    delivery: Delivery, product: Product, shift: Decimal | None, paid: str
) -> None:
    """One site of 100 kWh; the sum's baseline lies 20 kWh below, a trifle above, or is not known."""
    rules = product(measured_as="aggregate", band_low_ratio="0", aggregator_fee_ratio="0")
    found = run(delivery(["100"], product=rules, aggregate_shift_kwh=(shift,)))
    assert str(found.charges[0].amount) == paid
    [group] = found.shared.groups.values()
    assert group.delivered_wh == 100_000 + int(1000 * (shift or 0))
