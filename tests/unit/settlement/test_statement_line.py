from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.charge import Charge
from vpp.settlement.charge_subject import ChargeSubject
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.entry import EntryKey
from vpp.settlement.line_code import Flow, LineCode
from vpp.settlement.performance import BandCode, Performance
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine, line_of, line_taken_back

Delivery = Callable[..., SiteDelivery]
OWNER = Account("acme", AccountKind.SITE, "GBP", "north-1")
GRID = Account("grid", AccountKind.OPERATOR, "GBP")
HEAD = StatementHead("acme-2026-03-v1", "acme", "2026-03", 1, RunType.INITIAL, "GBP")
SECOND = StatementHead("acme-2026-03-v2", "acme", "2026-03", 2, RunType.RECALC, "GBP", "acme-2026-03-v1")
JUDGED = Performance(
    payable_kwh=Decimal("80.000"),
    band_code=BandCode.PARTIAL,
    price_per_mwh=Decimal("80.000000"),
    energy_amount=Decimal("6.40"),
    penalty_basis_kwh=Decimal("10.000"),
    penalty_price_per_mwh=Decimal("40.000000"),
    penalty_amount=Decimal("0.40"),
)
QUANTITIES = (
    *(
        "award_kw",
        "target_kw",
        "baseline_raw_kwh",
        "adjustment_kwh",
        "baseline_kwh",
        "metered_kwh",
        "quality",
    ),
    *("delivered_kwh", "payable_kwh", "band_code", "availability_kw_h", "price", "price_basis"),
    *("penalty_basis_kwh", "emission_factor_kg_per_kwh", "co2_kg"),
)


def energy(site: SiteDelivery, **changes: object) -> Charge:
    charge = Charge(
        code=LineCode.ENERGY,
        payer=GRID,
        payee=OWNER,
        delivery=site,
        interval=site.intervals[0].interval,
        local_start=site.local_starts[0],
        amount=Decimal("6.40"),
        price=Decimal("80.000000"),
        price_unit="GBP/MWh",
        measured=site.intervals[0],
        performance=JUDGED,
        note="as judged",
    )
    return charge._replace(**changes)  # type: ignore[arg-type]  # fields of any kind, by name


@pytest.fixture
def site(delivery: Delivery) -> SiteDelivery:
    return delivery(
        ["80"],
        award_ids=("a1", "a2"),
        emission_factor=EmissionFactor(Decimal("0.4"), "factors of 2025"),
        baseline_note="a day was left out",
        meter_note="readings repeat",
    )


def test_every_column_of_an_energy_line(site: SiteDelivery) -> None:
    start = site.intervals[0].interval.start
    assert line_of(energy(site), 7, HEAD)._asdict() == {
        "statement_id": "acme-2026-03-v1",
        "version": 1,
        "run_type": RunType.INITIAL,
        "line_no": 7,
        "line_code": LineCode.ENERGY,
        "settlement_period": "2026-03",
        "party_id": "acme",
        "site_id": "north-1",
        "resource_id": "",
        "meter_id": "m-77",
        "boundary": "poc",
        "product_id": "evening-peak",
        "product_version": 3,
        "event_id": "evening",
        "award_id": "a1 a2",
        "dispatch_id": "evening-m0-north-1",
        "direction": "load_down",
        "interval_start_utc": start,
        "interval_end_utc": start + timedelta(hours=1),
        "local_start": "2026-03-02T17:00:00+00:00",
        "tz": "Europe/London",
        "award_kw": Decimal(100),
        "target_kw": Decimal(100),
        "baseline_id": "high-4-of-5",
        "baseline_raw_kwh": Decimal("490.000"),
        "adjustment_kwh": Decimal("10.000"),
        "baseline_kwh": Decimal("500.000"),
        "metered_kwh": Decimal("420.000"),
        "quality": site.intervals[0].quality,
        "delivered_kwh": Decimal("80.000"),
        "payable_kwh": Decimal("80.000"),
        "band_code": BandCode.PARTIAL,
        "availability_kw_h": None,
        "price": Decimal("80.000000"),
        "price_unit": "GBP/MWh",
        "price_basis": site.price_basis,
        "amount": Decimal("6.40"),
        "currency": "GBP",
        "flow": Flow.PAYMENT,
        "penalty_formula_id": "",
        "penalty_basis_kwh": None,
        "delta_amount": Decimal("6.40"),
        "prev_version": None,
        "emission_factor_kg_per_kwh": Decimal("0.4"),
        "co2_kg": Decimal("32.000"),
        "ef_source": "factors of 2025",
        "note": "as judged; a day was left out; readings repeat",
        "adjustment_id": "",
    }


def test_the_other_party_sees_the_opposite(site: SiteDelivery) -> None:
    head = replace(SECOND, statement_id="grid-2026-03-v2", party_id="grid", previous="grid-2026-03-v1")
    line = line_of(energy(site), 1, head, booked_before=Decimal("6.00"))
    assert (line.party_id, line.amount, line.flow) == ("grid", Decimal("-6.40"), Flow.CHARGE)
    assert (line.delta_amount, line.prev_version) == (Decimal("-0.40"), 1)


@pytest.mark.parametrize(
    ("before", "delta"), [(None, "6.40"), ("0.00", "6.40"), ("6.40", "0.00"), ("9", "-2.60")]
)
def test_a_line_shows_its_change(site: SiteDelivery, before: str | None, delta: str) -> None:
    line = line_of(energy(site), 1, SECOND, booked_before=None if before is None else Decimal(before))
    assert (line.amount, line.delta_amount) == (Decimal("6.40"), Decimal(delta))
    assert (line.version, line.run_type, line.prev_version) == (2, RunType.RECALC, 1)


def test_nothing_owed_is_no_negative_zero(site: SiteDelivery) -> None:
    head = replace(HEAD, party_id="grid")
    line = line_of(energy(site, amount=Decimal("0.00")), 1, head)
    assert (str(line.amount), str(line.delta_amount), line.flow) == ("0.00", "0.00", Flow.PAYMENT)


def test_only_energy_lines_show_energies(site: SiteDelivery) -> None:
    fee = energy(site, code=LineCode.AGG_FEE, measured=None, performance=None, note="")
    line = line_of(fee, 1, HEAD)
    shown = {name: getattr(line, name) for name in QUANTITIES}
    assert {name for name, value in shown.items() if value is not None} == {"price"}
    assert (line.baseline_id, line.ef_source, line.note) == ("", "", "")


def test_a_penalty_shows_its_rule_and_basis(site: SiteDelivery) -> None:
    line = line_of(energy(site, code=LineCode.PENALTY, payer=OWNER, payee=GRID, measured=None), 1, HEAD)
    assert (line.penalty_formula_id, line.penalty_basis_kwh) == ("shortfall_at_price", Decimal("10.000"))
    assert (line.payable_kwh, line.band_code, line.amount) == (None, None, Decimal("-6.40"))


def test_the_fallback_of_a_baseline_is_named(site: SiteDelivery) -> None:
    fallback = replace(site, baseline_method="flat-week", baseline_note="", meter_note="")
    line = line_of(energy(fallback, note=""), 1, HEAD)
    assert (line.baseline_id, line.note) == ("flat-week", "")


@pytest.mark.parametrize("missing", ["baseline", "metered"])
def test_without_baseline_or_reading_nothing_was_avoided(
    site: SiteDelivery, measured: Callable[..., MeasuredInterval], missing: str
) -> None:
    gap = {"baseline_kwh": None, "baseline_raw_kwh": None} if missing == "baseline" else {"metered_kwh": None}
    line = line_of(energy(site, measured=measured(**gap)), 1, HEAD)
    assert (line.delivered_kwh, line.co2_kg) == (None, None)
    assert line.emission_factor_kg_per_kwh == Decimal("0.4")


def test_raised_consumption_avoids_less_than_nothing(
    site: SiteDelivery, measured: Callable[..., MeasuredInterval]
) -> None:
    up = measured("-30", direction=Direction.LOAD_UP)
    line = line_of(energy(site, measured=up), 1, HEAD)
    assert (line.delivered_kwh, line.co2_kg) == (Decimal("30.000"), Decimal("-12.000"))


def test_carbon_is_rounded_half_up_to_a_gram(
    delivery: Delivery,
) -> None:
    odd = delivery(["0.005"], emission_factor=EmissionFactor(Decimal("0.1"), "x"))
    assert line_of(energy(odd), 1, HEAD).co2_kg == Decimal("0.001")


def test_an_adjustment_stands_for_itself(site: SiteDelivery) -> None:
    subject = ChargeSubject(
        event_id="evening",
        site_id="north-1",
        product_id="evening-peak",
        product_version=3,
        time_zone="Europe/London",
        adjustment_id="adj-2026-03-1",
    )
    charge = energy(
        site,
        code=LineCode.ADJ_DISPUTE,
        delivery=None,
        price=None,
        price_unit="",
        measured=None,
        performance=None,
        subject=subject,
        note="meter was swapped",
    )
    line = line_of(charge, 4, SECOND, booked_before=Decimal("6.00"))
    assert line.adjustment_id == "adj-2026-03-1"
    assert (line.amount, line.delta_amount) == (Decimal("6.40"), Decimal("0.40"))
    assert (line.product_id, line.product_version, line.tz) == ("evening-peak", 3, "Europe/London")
    assert (line.event_id, line.site_id, line.note) == ("evening", "north-1", "meter was swapped")
    assert (line.meter_id, line.boundary, line.direction) == ("", "", "")
    assert not any(getattr(line, name) for name in QUANTITIES)
    mirrored = line_of(charge, 1, replace(SECOND, party_id="grid"))
    assert (mirrored.amount, mirrored.delta_amount) == (Decimal("-6.40"), Decimal("-6.40"))


def key_of(site: SiteDelivery, code: LineCode = LineCode.PENALTY) -> EntryKey:
    return EntryKey("evening", "north-1", site.intervals[0].interval, code)


def test_what_no_longer_applies_is_taken_back(site: SiteDelivery) -> None:
    line = line_taken_back(key_of(site), 9, SECOND, booked_before=Decimal("-1.20"), delivery=site)
    assert (str(line.amount), str(line.delta_amount), line.flow) == ("0.00", "1.20", Flow.PAYMENT)
    assert (line.line_no, line.line_code, line.prev_version) == (9, LineCode.PENALTY, 1)
    assert (line.local_start, line.tz) == ("2026-03-02T17:00:00+00:00", "Europe/London")
    assert (line.product_id, line.meter_id, line.award_id) == ("evening-peak", "m-77", "a1 a2")
    assert line.note == "taken back: no longer applies"
    assert not any(getattr(line, name) for name in QUANTITIES)


def test_a_whole_delivery_can_be_taken_back(site: SiteDelivery) -> None:
    line = line_taken_back(key_of(site), 1, SECOND, booked_before=Decimal("5.00"))
    assert (line.local_start, line.tz) == ("2026-03-02T17:00:00+00:00", "UTC")
    assert (line.product_id, line.product_version, line.delta_amount) == ("", None, Decimal("-5.00"))
    known = line_taken_back(
        key_of(site), 1, SECOND, booked_before=Decimal(0), local_start="2026-03-02T18:00:00+01:00"
    )
    assert (known.local_start, known.delta_amount) == ("2026-03-02T18:00:00+01:00", 0)


def test_the_key_is_what_a_line_settles(site: SiteDelivery) -> None:
    start, end = site.intervals[0].interval.start, site.intervals[0].interval.end
    line = line_of(energy(site), 1, HEAD)
    assert line.key == ("evening", "north-1", start, end, "ENERGY", "")
    later = energy(site, interval=Interval(end, end + timedelta(hours=1)))
    assert line_of(later, 1, HEAD).key != line.key
    assert line_of(energy(site, code=LineCode.PENALTY), 1, HEAD).key != line.key
    assert line._replace(adjustment_id="adj-2026-03-1").key != line.key


def test_columns_have_no_name_twice() -> None:
    assert len(set(StatementLine._fields)) == len(StatementLine._fields) == 48
