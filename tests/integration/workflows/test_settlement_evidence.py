"""What a settlement is reckoned from: gathered for all sites at once, odd sites holding up no others."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from sqlalchemy import text
from support.market import (
    EVENING,
    OPERATOR,
    QUARTER,
    RULES,
    Market,
    agent_of,
    content_of,
    make_enrolled_market,
    make_market,
    market_copied,
)
from support.products import changed_product, shipped_products
from support.settled_evening import clear_evening, deliver, settle_evening

from vpp.foundation.interval import Interval
from vpp.portfolio.enrolment import EnrolmentState
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.evidence_document import evidence_document
from vpp.storage.engine import make_engine
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.aggregate_baselines import freeze_aggregate
from vpp.workflows.enrolling import change_enrolment
from vpp.workflows.identity import Principal, Role
from vpp.workflows.importing_meters import import_readings
from vpp.workflows.keeping_telemetry import keep_telemetry
from vpp.workflows.modifying import cancel_event
from vpp.workflows.revenue_checks import MeterRun
from vpp.workflows.settlement_evidence import GatheredPeriod, gather_period
from vpp.workflows.settling import run_settlement

HOUR = timedelta(hours=1)
METERS = Principal("meters", "hub", None, frozenset({Role.METER_DATA_MANAGER}))
MISSING, BAD, OK = MeterQuality.MISSING, MeterQuality.BAD, MeterQuality.OK


@cache
def settled_evening() -> tuple[bytes, datetime]:
    """Return a market whose evening has been settled once, and when."""
    with TemporaryDirectory() as folder:
        market = make_enrolled_market(Path(folder))
        settle_evening(market, {"north-1": 100.0, "north-2": 50.0})
        market.units.close()
        return content_of(Path(folder)), market.clock.now()


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """Two sites whose evening has been settled."""
    return market_copied(tmp_path, *settled_evening())


def gathered(market: Market, **known: object) -> GatheredPeriod:
    with market.units(write=False) as uow:
        return gather_period(uow, "2026-03", RULES, **known)  # type: ignore[arg-type]  # as its signature


def by_site(market: Market, **known: object) -> dict[str, SiteEvidence]:
    return {one.site_id: one for one in gathered(market, **known).evidence}


def revenue(
    market: Market, values_kw: list[float], *, start: object = EVENING.start, quality: MeterQuality = OK
) -> None:
    run = MeterRun(start, QUARTER, np.array(values_kw), quality)  # type: ignore[arg-type]  # an instant
    import_readings(market.units, METERS, "north-1", [run], source_name="march.csv", accept_difference=True)


def test_evidence_says_what_it_was_gathered_from(market: Market) -> None:
    found = gathered(market)
    first, second = found.evidence
    assert (first.site_id, second.site_id) == ("north-1", "north-2")
    assert (first.event_id, first.operator_party_id, first.party_name) == (
        "evening",
        "grid",
        "Owner of north-1",
    )
    assert first.baseline.rule_id == "example-high-4-of-5"
    assert len(first.baseline.rule_digest) == len(first.baseline.data_version) == 64
    assert (len(first.baseline.days_used), first.baseline.adjusted_kw) == (4, (1000.0,) * 8)
    assert (first.meter.source, first.meter.metered_kw) == ("telemetry", (900.0,) * 8)
    assert first.read_at == EVENING.end
    assert first.meter.data_version > 1
    assert set(found.products) == {(first.product_id, first.product_version)}
    assert set(found.event_revisions) == {"evening"}
    assert first.settlement_period == "2026-03"
    assert gathered_elsewhere(market) == ()


def gathered_elsewhere(market: Market) -> tuple[SiteEvidence, ...]:
    with market.units(write=False) as uow:
        return gather_period(uow, "2026-04", RULES).evidence


def test_days_that_are_summed_up_say_the_same_to_the_byte(market: Market) -> None:
    before = [evidence_document(one) for one in gathered(market).evidence]
    market.advance(EVENING.end + timedelta(days=1))
    for day in ("2026-03-04", "2026-03-05"):
        keep_telemetry(market.units, RULES.telemetry, day)
    assert [evidence_document(one) for one in gathered(market).evidence] == before
    market.meter("north-1", 3000, EVENING.start, [700.0])  # makes the day late: it is read piece by piece
    after = by_site(market)["north-1"].meter
    assert after.metered_kw[0] == pytest.approx((700.0 + 2 * 900.0) / 3)
    assert after.flags == ("1 reading replaced by later ones of another value or quality",)


def test_as_of_an_instant_only_what_was_received_by_then_is_known(market: Market) -> None:
    then = market.clock.now()
    before = [evidence_document(one) for one in gathered(market).evidence]
    market.advance(then + HOUR)
    market.meter("north-1", 3000, EVENING.start, [700.0] * 3)
    market.advance(EVENING.end + timedelta(days=1))
    keep_telemetry(market.units, RULES.telemetry, "2026-03-05")
    assert by_site(market)["north-1"].meter.metered_kw[0] == 700.0
    assert [evidence_document(one) for one in gathered(market, as_of=then).evidence] == before
    early = by_site(market, as_of=EVENING.start)["north-1"]
    assert (early.meter.quality, early.read_at) == ((MISSING,) * 8, None)
    assert early.meter.data_version == 0


def test_one_site_s_odd_readings_hold_up_no_other(market: Market) -> None:
    plain = by_site(market)["north-2"]
    odd = TelemetryBatch("north-1", 4000, EVENING.start, timedelta(minutes=10), np.array([1.0]), OK)
    with market.units() as uow:  # as if the site's meter had been changed, and somebody had got it wrong
        uow.telemetry.add([odd])
        uow.commit()
    found = by_site(market)
    assert found["north-2"] == plain
    assert found["north-1"].meter.quality == (MISSING,) * 8
    [flag] = found["north-1"].meter.flags
    assert flag == "readings could not be laid out: readings are of intervals of 0:05:00, 0:10:00"


def odd_baseline(market: Market, **changes: object) -> None:
    """Let the frozen baseline of north-1 be what it should never be."""
    with market.units() as uow:
        stored = uow.baselines.get("evening-north-1")
        assert stored is not None
        odd = replace(stored.value, **changes)  # type: ignore[arg-type]  # fields of the record
        uow.baselines.update("evening-north-1", odd, revision=stored.revision)
        uow.commit()


def test_a_baseline_that_cannot_be_used_holds_up_no_other(market: Market) -> None:
    plain = by_site(market)["north-2"]
    gap = (float("nan"), *[1000.0] * 7)
    for changes, why in (
        ({"before_kw": (1.0,) * 8, "adjusted_kw": (1.0,), "raw_kw": (1.0,)}, "has 1 intervals, expected 8"),
        ({"adjusted_kw": (1000.0,) * 8, "raw_kw": gap}, "is infinite, or a gap only before or only after"),
        ({"adjusted_kw": gap, "raw_kw": (1000.0,) * 8}, "is infinite, or a gap only before or only after"),
    ):
        odd_baseline(market, **changes)
        found = by_site(market)
        assert found["north-2"] == plain
        assert str(found["north-1"].baseline.adjusted_kw) == str((float("nan"),) * 8)
        [note] = found["north-1"].notes
        assert note.startswith(f"baseline could not be used: it {why}")


def test_awards_that_cannot_be_used_hold_up_no_other_and_pay_nothing(market: Market) -> None:
    plain = by_site(market)["north-2"]
    with market.units() as uow:
        [award] = [one for one in uow.awards.page() if one.value.site_id == "north-1"]
        odd = replace(award.value, price_per_mwh=award.value.price_per_mwh[:3])  # of another event, say
        uow.awards.update(odd.award_id, odd, revision=award.revision)
        uow.commit()
    found = by_site(market)
    assert found["north-2"] == plain
    assert found["north-1"].meter.quality == (MISSING,) * 8
    assert found["north-1"].notes[0].startswith("awards could not be used: ")
    outcome = run_settlement(market.units, market.rules, "2026-03")
    owner, other = "owner-north-1", "owner-north-2"
    assert [one.total for one in outcome.changes if one.party_id == owner] == [Decimal(0)]
    assert not [one for one in outcome.changes if one.party_id == other]


def test_what_comes_back_after_an_event_is_told_once_it_is_known(market: Market) -> None:
    found = by_site(market)["north-1"].around
    assert (found.before_kwh, found.after_kwh) == (Decimal("0.000"), None)
    catching_up = [1050.0] * 24 + [1000.0] * 24
    market.meter("north-1", 3000, EVENING.end, catching_up)
    market.meter("north-1", 4000, EVENING.start - HOUR, [1030.0] * 12)
    found = by_site(market)["north-1"].around
    assert (found.before_kwh, found.after_kwh) == (Decimal("30.000"), Decimal("100.000"))


def test_a_site_that_left_is_settled_for_what_it_delivered(market: Market) -> None:
    before = gathered(market).evidence
    with market.units(write=False) as uow:
        [enrolment, *_] = [one for one in uow.enrolments.page() if one.value.site_id == "north-1"]
    change_enrolment(
        market.units,
        agent_of("north-1"),
        enrolment.value.enrolment_id,
        EnrolmentState.WITHDRAWN,
        deciding_party_id="grid",
        etag="",
        request_id="",
    )
    assert gathered(market).evidence == before


def test_of_an_event_that_was_cut_short_what_was_over_is_gathered(tmp_path: Path) -> None:
    market = make_enrolled_market(tmp_path)
    clear_evening(market)
    market.advance(EVENING.start + timedelta(minutes=50))
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    market.advance(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + 5 * HOUR)
    market.meter("north-1", 3000, EVENING.end, [1050.0] * 48)
    found = by_site(market)["north-1"]
    assert found.span == Interval(EVENING.start, EVENING.start + 3 * QUARTER)
    assert len(found.meter.metered_kw) == len(found.baseline.raw_kw) == len(found.local_starts) == 3
    assert found.around.after_kwh is None  # what was frozen there is of another hour
    assert found.around.before_kwh == Decimal("0.000")


def test_a_revenue_meter_takes_the_place_of_the_site_s_own_readings(market: Market) -> None:
    then = market.clock.now()
    market.advance(then + HOUR)
    revenue(market, [880.0, 880.0, 880.0, 880.0])
    found = by_site(market)["north-1"].meter
    assert (found.source, found.data_version) == ("revenue_meter", 1)
    assert found.metered_kw == (880.0,) * 4 + (900.0,) * 4
    assert found.flags == (
        "revenue meter read in 4 of 8 intervals",
        "revenue meter shows 880.000 kWh, the site's own readings 900.000 kWh",
    )
    market.meter("north-1", 3000, EVENING.start, [700.0] * 6)  # the site's own readings never take it back
    assert by_site(market)["north-1"].meter.metered_kw[:2] == (880.0, 880.0)
    assert by_site(market, as_of=then)["north-1"].meter.source == "telemetry"
    assert by_site(market)["north-2"].meter.source == "telemetry"


def test_a_corrected_file_holds_where_it_has_readings(market: Market) -> None:
    revenue(market, [880.0, 880.0], quality=BAD)
    found = by_site(market)["north-1"].meter
    assert (found.quality[:3], found.source) == ((BAD, BAD, OK), "revenue_meter")
    revenue(market, [891.0])
    found = by_site(market)["north-1"].meter
    assert (found.metered_kw[0], found.quality[:3], found.data_version) == (891.0, (OK, BAD, OK), 2)


def test_readings_that_are_too_coarse_are_told_and_left_out(market: Market) -> None:
    hours = MeterRun(EVENING.start, HOUR, np.array([880.0, 880.0]), OK)
    import_readings(market.units, METERS, "north-1", [hours], source_name="hours.csv")
    found = by_site(market)["north-1"].meter
    assert (found.source, found.metered_kw[0]) == ("telemetry", 900.0)
    assert found.flags == ("revenue readings of 1:00:00 make up no interval of 0:15:00; left out",)


def test_an_event_is_settled_under_the_version_that_was_agreed(market: Market) -> None:
    called = by_site(market)["north-1"]
    shipped = shipped_products()["example-peak-shaving"]
    better = changed_product(shipped, version=shipped.version + 1, money={"aggregator_fee_ratio": "0"})
    with market.units() as uow:
        uow.products.add(better)
        uow.commit()
    assert by_site(market)["north-1"] == called
    found = gathered(market, versions={"evening": better.version})
    assert found.evidence[0] == replace(called, product_version=better.version)
    assert found.products[better.product_id, better.version] == better


def test_progress_is_told_event_by_event(market: Market) -> None:
    told: list[tuple[int, int]] = []
    gathered(market, progress=lambda done, whole: told.append((done, whole)))
    assert told == [(1, 1)]


def judged_together(market: Market, baseline: str) -> None:
    """Let the evening's product judge its sites together."""
    shipped = shipped_products()["example-peak-shaving"]
    product = changed_product(
        shipped,
        version=shipped.version + 1,
        money={"measured_as": "aggregate"},
        measurement={"aggregate_baseline": baseline},
    )
    with market.units() as uow:
        uow.products.add(product)
        uow.commit()


@pytest.mark.parametrize("baseline", ["sum_of_baselines", "baseline_of_sum"])
def test_where_sites_are_judged_together_both_baselines_are_told(tmp_path: Path, baseline: str) -> None:
    market = make_market(tmp_path)
    judged_together(market, baseline)
    for site_id in ("north-1", "north-2"):
        market.enrol(site_id)
    # On the day whose evening is the highest of all at one site it is the lowest at the other.
    for back, (one, other) in enumerate([(1500, 900), (900, 1500), (1000, 1000), (1000, 1000), (990, 990)]):
        at = EVENING.start - timedelta(days=back + 3 if back > 1 else back + 2)
        if at.weekday() >= 5:
            at -= timedelta(days=2)
        market.meter("north-1", 500 + back, at, np.full(24, float(one)))
        market.meter("north-2", 500 + back, at, np.full(24, float(other)))
    settle_evening(market, {"north-1": 100.0, "north-2": 50.0})
    first, second = gathered(market).evidence
    assert first.aggregate is not None
    assert first.aggregate == second.aggregate
    assert (first.aggregate.site_count, first.aggregate.is_paid_by_sum) == (2, baseline != "sum_of_baselines")
    own_kw = first.baseline.adjusted_kw[0] + second.baseline.adjusted_kw[0]
    assert first.aggregate.sum_of_baselines_kw[0] == pytest.approx(own_kw)
    with market.units(write=False) as uow:
        stored = uow.aggregate_baselines.get("evening")
    assert stored is not None
    assert stored.value.site_ids == ("north-1", "north-2")
    assert first.aggregate.baseline_of_sum_kw == pytest.approx(stored.value.adjusted_kw)
    assert (
        first.aggregate.baseline_of_sum_kw[0] < own_kw
    )  # each site's highest days are others than the sum's


def test_where_each_site_is_judged_by_itself_no_sum_is_made(market: Market) -> None:
    assert by_site(market)["north-1"].aggregate is None
    with market.units(write=False) as uow:
        assert uow.aggregate_baselines.page() == []


def test_a_hub_that_ended_between_the_sites_and_their_sum_makes_up_for_it(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    judged_together(market, "baseline_of_sum")
    for site_id in ("north-1", "north-2"):
        market.enrol(site_id)
    settle_evening(market, {"north-1": 100.0, "north-2": 50.0})
    known = gathered(market).evidence[0].aggregate
    with market.units(write=False) as uow:
        assert uow.aggregate_baselines.get("evening") is not None
    with make_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}").begin() as connection:
        connection.execute(text("DELETE FROM aggregate_baselines"))  # as if it had never been written
    without = gathered(market).evidence[0].aggregate
    assert without is not None
    assert np.isnan(without.baseline_of_sum_kw).all()
    freeze_aggregate(market.units, market.pool, RULES, "evening", sites_at_once=1)
    assert gathered(market).evidence[0].aggregate == known
    odd_baseline(market, raw_kw=(1.0,), adjusted_kw=(1.0,))
    first, second = (one.aggregate for one in gathered(market).evidence)
    assert first == second
    assert first is not None
    assert (first.site_count, first.sum_of_baselines_kw) == (1, (1000.0,) * 8)
    assert np.isnan(first.baseline_of_sum_kw).all()  # it is of two sites, and one would count as rebound


def test_a_site_that_adds_nothing_to_the_sum_is_not_among_its_sites(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    judged_together(market, "baseline_of_sum")
    for site_id in ("north-1", "north-2"):
        market.enrol(site_id)
    settle_evening(market, {"north-1": 100.0, "north-2": 50.0})
    engine = make_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    for first, expected in (("north-2", ["north-1"]), ("north-1", None)):
        with engine.begin() as connection:  # as if the product's own rule looked back less far than theirs
            connection.execute(text("DELETE FROM aggregate_baselines"))
            connection.execute(text("DELETE FROM telemetry_pieces WHERE site_id >= :first"), {"first": first})
            connection.execute(
                text("DELETE FROM telemetry_roll_ups WHERE site_id >= :first"), {"first": first}
            )
        freeze_aggregate(market.units, market.pool, RULES, "evening", sites_at_once=2)
        with market.units(write=False) as uow:
            stored = uow.aggregate_baselines.get("evening")
        assert (None if stored is None else list(stored.value.site_ids)) == expected
