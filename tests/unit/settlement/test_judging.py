from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.judged import assess

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.judging import judge_together
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.performance import BandCode
from vpp.settlement.site_cells import SiteCells
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
    judged = assess(measured(delivered), product().money, PRICE)
    assert (judged.payable_kwh, judged.band_code) == (Decimal(payable), band)
    assert judged.penalty_basis_kwh == Decimal(basis)


def test_payment_and_penalty_are_rounded_half_up(measured: Measured, product: Product) -> None:
    odd = measured("62.5", target_kw=Decimal("100.001"))
    judged = assess(odd, product().money, Decimal("80.08"))
    # 62.5 kWh at 80.08 per MWh are 5.005; the shortfall of 27.5009 kWh is cut to 27.5, at 40.04 1.1011
    assert judged.energy_amount == Decimal("5.01")
    assert judged.penalty_basis_kwh == Decimal("27.5")
    assert judged.penalty_amount == Decimal("1.10")


def test_the_yen_has_no_minor_digits(measured: Measured, product: Product) -> None:
    judged = assess(measured("100"), product(currency="JPY").money, Decimal(12345))
    assert str(judged.energy_amount) == "1235"  # 1234.5 rounded half up


def test_the_cap_is_cut_not_rounded(measured: Measured, product: Product) -> None:
    start = datetime(2026, 3, 2, 17, tzinfo=UTC)
    third = Interval(start, start + timedelta(minutes=20))
    hour = measured("80", interval=third)  # cap 1.2 x 100 kW x 1/3 h = 40 kWh exactly
    assert assess(hour, product().money, PRICE).payable_kwh == Decimal(40)
    odd = measured("80", interval=third, target_kw=Decimal(50))
    judged = assess(odd, product(band_cap_ratio="1").money, PRICE)
    assert judged.payable_kwh == Decimal("16.666")  # 16.6666... cut


def test_a_target_of_zero_pays_nothing(measured: Measured, product: Product) -> None:
    judged = assess(measured("10", target_kw=Decimal(0)), product().money, PRICE)
    assert (judged.payable_kwh, judged.band_code) == (Decimal(0), BandCode.CAPPED)


@pytest.mark.parametrize("quality", [MeterQuality.BAD, MeterQuality.MISSING])
@pytest.mark.parametrize("counts_estimates", [True, False])
def test_bad_data_neither_pay_nor_punish(
    measured: Measured, product: Product, quality: MeterQuality, *, counts_estimates: bool
) -> None:
    bad = measured("10", quality=quality)
    judged = assess(bad, product().money, PRICE, counts_estimates=counts_estimates)
    assert judged.band_code is BandCode.NO_DATA
    assert (judged.payable_kwh, judged.energy_amount, judged.penalty_amount) == (0, 0, 0)
    assert quality.name.lower() in judged.note


def test_estimates_count_the_first_time_and_the_line_says_so(measured: Measured, product: Product) -> None:
    estimated = measured(quality=MeterQuality.ESTIMATED)
    judged = assess(estimated, product().money, PRICE)
    assert (str(judged.energy_amount), judged.note) == (
        "8.00",
        "estimated meter data: they count in this first settlement only",
    )
    again = assess(estimated, product().money, PRICE, counts_estimates=False)
    assert (again.band_code, again.energy_amount, again.penalty_amount) == (BandCode.NO_DATA, 0, 0)
    assert again.note == "no payment and no penalty: estimated meter data count in the first settlement only"


def test_without_a_baseline_nothing_is_judged(measured: Measured, product: Product) -> None:
    blind = measured(baseline_raw_kwh=None, baseline_kwh=None)
    judged = assess(blind, product().money, PRICE)
    assert judged.band_code is BandCode.NO_DATA
    assert "no baseline" in judged.note


def test_a_product_without_penalty_has_no_basis(measured: Measured, product: Product) -> None:
    money = product(penalty_formula_id="none").money
    judged = assess(measured("0"), money, PRICE)
    assert (judged.penalty_basis_kwh, judged.penalty_amount) == (0, 0)


def test_a_negative_price_never_pays_for_a_shortfall(measured: Measured, product: Product) -> None:
    judged = assess(measured("60"), product().money, Decimal(-80))
    assert judged.energy_amount == Decimal("-4.80")
    assert judged.penalty_amount == 0


def test_an_energy_finer_than_a_watt_hour_is_refused(measured: Measured, product: Product) -> None:
    with pytest.raises(InvalidInput, match=r"energy is 62.5625 kWh, expected whole thousandths"):
        assess(measured("62.5625"), product().money, PRICE)


def test_prices_have_six_places(measured: Measured, product: Product) -> None:
    judged = assess(measured("60"), product().money, Decimal("80.1234565"))
    assert judged.price_per_mwh == Decimal("80.123457")
    assert judged.penalty_price_per_mwh == Decimal("40.061729")  # half of it, half up


def judged_together(
    rules: ProductProfile, *sites: list[MeasuredInterval], shift_wh: tuple[int, ...] = ()
) -> list[SiteCells]:
    terms = PayTerms.of(rules.money)
    cells = [
        SiteCells(intervals, [PRICE] * len(intervals), terms, counts_estimates=True) for intervals in sites
    ]
    judge_together("evening", cells, shift_wh, None)
    return cells


def hours(measured: Measured, *delivered: str, site_id: str = "north-1") -> list[MeasuredInterval]:
    start = datetime(2026, 3, 2, 17, tzinfo=UTC)
    return [
        measured(
            each,
            site_id=site_id,
            interval=Interval(start + timedelta(hours=n), start + timedelta(hours=n + 1)),
        )
        for n, each in enumerate(delivered)
    ]


def test_an_event_is_judged_on_its_sums(measured: Measured, product: Product) -> None:
    [site] = judged_together(product(judged_over="event"), hours(measured, "40", "120"))
    # 160 of 200 kWh: partial, nothing is below the lowest band; short of 20 kWh, all in the first hour
    assert site.payable_wh == [40_000, 120_000]
    assert site.basis_wh == [20_000, 0]
    assert site.bands == [BandCode.PARTIAL] * 2
    assert site.notes == ["judged over the whole event"] * 2


def test_the_cap_of_an_event_is_shared_by_delivery(measured: Measured, product: Product) -> None:
    [site] = judged_together(product(judged_over="event"), hours(measured, "100", "201", "-1"))
    # 300 of 300 kWh; what was moved the other way takes from the sum, and gets no share
    assert site.payable_wh == [99_668, 200_332, 0]
    assert site.groups[0] is not None
    assert (site.groups[0].paid_by, site.groups[0].paid_weight) == ("own", 301_000)


def test_intervals_without_data_are_in_no_sum(measured: Measured, product: Product) -> None:
    first, second = hours(measured, "100", "100")
    [site] = judged_together(product(judged_over="event"), [first, replace(second, quality=MeterQuality.BAD)])
    assert site.payable_wh == [100_000, 0]
    assert site.bands == [BandCode.FULL, BandCode.NO_DATA]
    assert site.notes[1] == "no payment and no penalty: meter data bad"


def test_sites_are_judged_on_their_sum(measured: Measured, product: Product) -> None:
    one, other = judged_together(
        product(measured_as="aggregate"),
        hours(measured, "150", "20"),
        hours(measured, "60", "30", site_id="south-1"),
    )
    # the first hour 210 of 200 kWh; the second 50 of 200, below the lowest band
    assert (one.payable_wh, other.payable_wh) == ([150_000, 0], [60_000, 0])
    assert (one.basis_wh, other.basis_wh) == ([0, 70_000], [0, 60_000])  # 130 kWh missing
    assert one.bands == other.bands == [BandCode.FULL, BandCode.BELOW_LOW]
    assert one.notes[0] == "judged together with all sites of the event"


def test_a_site_without_data_holds_up_no_other(measured: Measured, product: Product) -> None:
    silent = [replace(each, quality=MeterQuality.MISSING) for each in hours(measured, "0", site_id="south-1")]
    one, other = judged_together(product(measured_as="aggregate"), hours(measured, "100"), silent)
    assert (one.payable_wh, one.basis_wh, other.payable_wh, other.basis_wh) == ([100_000], [0], [0], [0])


def test_all_intervals_of_all_sites_together(measured: Measured, product: Product) -> None:
    one, other = judged_together(
        product(measured_as="aggregate", judged_over="event"),
        hours(measured, "0", "100"),
        hours(measured, "100", "200", site_id="south-1"),
    )
    assert (one.payable_wh, other.payable_wh) == ([0, 100_000], [100_000, 200_000])
    assert one.notes[0] == "judged over the whole event, together with all sites of the event"


def test_the_baseline_of_the_sum_moves_the_sum(measured: Measured, product: Product) -> None:
    rules = product(measured_as="aggregate")
    north, south = hours(measured, "60"), hours(measured, "20", site_id="south-1")
    one, other = judged_together(rules, north, south, shift_wh=(20_000,))
    # 80 kWh of the sites' own baselines are below the band of 200, 100 kWh are not: shared 3 to 1
    assert (one.payable_wh, other.payable_wh) == ([75_000], [25_000])
    blind = [replace(south[0], quality=MeterQuality.BAD)]
    one, _ = judged_together(rules, north, blind, shift_wh=(20_000,))
    assert one.payable_wh == [60_000]


def test_a_table_that_pays_idle_sites_shares_by_what_was_promised(
    measured: Measured, product: Product
) -> None:
    rules = product(
        measured_as="aggregate",
        penalty_formula_id="none",
        response={"points": [{"delivered_ratio": "0", "paid_ratio": "0.5"}]},
    )
    idle = hours(measured, "0", site_id="south-1")
    one, other = judged_together(rules, [hours(measured, "0")[0]], [replace(idle[0], target_kw=Decimal(50))])
    assert (one.payable_wh, other.payable_wh) == ([50_000], [25_000])


def test_what_nobody_was_asked_for_is_charged_to_nobody(measured: Measured, product: Product) -> None:
    nothing = [
        [replace(each, target_kw=Decimal(0)) for each in hours(measured, "0", site_id=site)]
        for site in ("north-1", "south-1")
    ]
    one, other = judged_together(product(measured_as="aggregate"), *nothing, shift_wh=(-3,))
    assert (one.payable_wh, one.basis_wh, other.payable_wh, other.basis_wh) == ([0], [0], [0], [0])
    assert one.groups[0] is not None
    assert (one.groups[0].delivered_wh, one.groups[0].charged_by) == (-3, "equal")


def test_a_site_that_is_not_called_falls_short_of_nothing(measured: Measured, product: Product) -> None:
    idle = measured("-40", target_kw=Decimal(0))
    for penalty in ({"threshold_ratio": "1"}, {"threshold_ratio": "1", "excess_above_ratio": "1.1"}):
        rules = product(penalty_formula_id="parts", penalty=penalty | {"price_per_mwh": "1150"}).money
        for each in (idle, measured("40", target_kw=Decimal(0))):
            assert assess(each, rules, PRICE).penalty_basis_kwh == 0


def test_an_event_is_about_the_hours_in_which_a_site_was_called(measured: Measured, product: Product) -> None:
    before, called, after = hours(measured, "-60", "80", "100")
    uncalled = [replace(each, target_kw=Decimal(0)) for each in (before, after)]
    [site] = judged_together(product(judged_over="event"), [uncalled[0], called, uncalled[1]])
    # 80 of 100 kWh, and neither 120 of them, nor 20 with the hour before
    assert (site.payable_wh, site.basis_wh) == ([0, 80_000, 0], [0, 10_000, 0])
    assert site.bands == [BandCode.BELOW_LOW, BandCode.PARTIAL, BandCode.CAPPED]
    assert site.notes == ["nothing was asked for", "judged over the whole event", "nothing was asked for"]
    [idle] = judged_together(product(judged_over="event"), uncalled)
    assert (idle.payable_wh, idle.basis_wh, idle.groups) == ([0, 0], [0, 0], [None, None])


def test_shared_figures_of_another_event_are_refused(measured: Measured, product: Product) -> None:
    terms = PayTerms.of(product(measured_as="aggregate").money)
    site = SiteCells(hours(measured, "1"), [PRICE], terms, counts_estimates=True)
    with pytest.raises(InvalidInput, match="shared figures of evening at 2026-03-02T17:00:00"):
        judge_together("evening", [site], (), {})


def test_the_baseline_of_the_sum_moves_each_hour_by_its_own(measured: Measured, product: Product) -> None:
    rules = {"measured_as": "aggregate", "penalty_formula_id": "none"}
    sites = (hours(measured, "60", "60"), hours(measured, "60", "60", site_id="south-1"))
    apart = judged_together(product(**rules), *sites, shift_wh=(10_000, -4_000))
    assert [site.payable_wh for site in apart] == [[65_000, 58_000], [65_000, 58_000]]
    whole = judged_together(product(**rules, judged_over="event"), *sites, shift_wh=(10_000, -4_000))
    # 240 and 6 kWh in all, shared alike
    assert [site.payable_wh for site in whole] == [[61_500, 61_500], [61_500, 61_500]]
    assert [group and group.delivered_wh for group in whole[0].groups] == [246_000, 246_000]


def test_what_the_sum_alone_falls_short_of_is_charged_by_commitment(
    measured: Measured, product: Product
) -> None:
    south = [replace(each, target_kw=Decimal(50)) for each in hours(measured, "45", site_id="south-1")]
    one, other = judged_together(
        product(measured_as="aggregate"), hours(measured, "90"), south, shift_wh=(-30_000,)
    )
    # each delivers 90 % of its own; their sum of 105 of 150 kWh is short of 135 by 30, two to one
    assert (one.basis_wh, other.basis_wh) == ([20_000], [10_000])
    assert one.groups[0] is not None
    assert (one.groups[0].charged_by, one.groups[0].charged_weight) == ("commitment", 150 * 3_600_000_000_000)


def test_judged_together_a_product_that_pays_no_energy_pays_none(
    measured: Measured, product: Product
) -> None:
    rules = product(measured_as="aggregate", pays_energy=False, availability_price_per_kw_h="0.02")
    [site] = judged_together(rules, hours(measured, "60"))
    assert (site.payable_wh, site.basis_wh) == ([0], [30_000])


def test_where_nothing_was_asked_nothing_falls_short(measured: Measured, product: Product) -> None:
    first, second = hours(measured, "0", "100")
    [site] = judged_together(product(judged_over="event"), [replace(first, target_kw=Decimal(0)), second])
    assert site.bands == [BandCode.FULL, BandCode.FULL]
    assert site.basis_wh == [0, 0]
