"""Frozen baselines say what they were made from, and can be made again from it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from support.market import EVENING, FIVE, GATE, NOON, OPERATOR, RULES, Market, agent_of, make_market
from support.products import shipped_products, shipped_rules

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.baseline.scoring.season import SeasonStart
from vpp.foundation.errors import NotFound, WrongState
from vpp.portfolio.baseline_terms import BaselineTerms
from vpp.portfolio.product import ProductProfile
from vpp.settlement.site_delivery import SiteDelivery
from vpp.workflows import viewing_baselines
from vpp.workflows.baseline_making import BaselineJob, NotMade, make_baseline
from vpp.workflows.baseline_records import RuleChoiceRecord
from vpp.workflows.baselines import freeze_baselines
from vpp.workflows.choosing_rules import NOT_SCORED, choose_rules, owe_choices
from vpp.workflows.delivering import site_deliveries
from vpp.workflows.enrolling import create_enrolment
from vpp.workflows.forecast_records import SitePlanRecord
from vpp.workflows.ports import DueKind
from vpp.workflows.records import BaselineRecord
from vpp.workflows.site_readings import gather_readings
from vpp.workflows.verifying_baselines import verify_baseline
from vpp.workflows.visibility import PageRequest

DAY = timedelta(days=1)
WINDOW = slice(-5 * 12, -2 * 12)  # five to two hours before the evening, in five minutes
EVERYTHING = PageRequest(1000)
Change = Callable[[npt.NDArray[np.float64]], None]


def site_load(days: int) -> npt.NDArray[np.float64]:
    """A load with a daily shape and a little noise, up to the evening's start, kW."""
    count = int((EVENING.start - NOON.replace(hour=0) + days * DAY) / FIVE)
    hour = np.arange(count) / 12 % 24
    noise = np.random.default_rng(7).normal(0.0, 4.0, count)
    return 800.0 + 200.0 * np.sin((hour - 9.0) / 24.0 * 2.0 * np.pi) + noise


def metered_market(folder: Path, days: int = 30, change: Change | None = None) -> Market:
    """One enrolled site, metered for some days and up to the evening."""
    market = make_market(folder)
    market.enrol("north-1", days=1)
    load = site_load(days)
    if change is not None:
        change(load)
    first = NOON.replace(hour=0) - days * DAY
    # As far as it has come by noon; the rest later, each in pieces that leave the gaps out.
    upload(market, first, load[: int((NOON - first) / FIVE)], sequence=100)
    return market


def upload(market: Market, start: datetime, load: npt.NDArray[np.float64], sequence: int) -> None:
    """Send readings; NaN is not sent."""
    known = np.flatnonzero(~np.isnan(load))
    for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        market.meter("north-1", sequence, start + int(run[0]) * FIVE, load[run])
        sequence += len(run) // 288 + 1


def freeze(market: Market, change: Change | None = None, days: int = 30) -> BaselineRecord:
    """Sell the evening, meter up to it, and return the baseline."""
    market.open_auction(100.0)
    market.bid("north-1", 100.0, "60")
    market.advance(GATE + timedelta(minutes=1))
    market.clock.advance_to(EVENING.start - timedelta(hours=1, minutes=59))
    load = site_load(days)
    if change is not None:
        change(load)
    first = NOON.replace(hour=0) - days * DAY
    upload(market, NOON, load[int((NOON - first) / FIVE) : -2 * 12], sequence=1000)
    failures = [outcome.detail for outcome in market.advance(EVENING.start) if outcome.detail]
    assert failures == []
    return baseline_of(market)


def baseline_of(market: Market) -> BaselineRecord:
    with market.units(write=False) as uow:
        stored = uow.baselines.get("evening-north-1")
    assert stored is not None
    return stored.value


def test_a_baseline_says_what_it_was_made_from(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    record = freeze(market)
    rule, source = shipped_rules()["example-high-4-of-5"], record.provenance
    assert source is not None
    assert record.method == "example-high-4-of-5"
    assert record.adjusted
    assert (source.rule_id, source.rule_version, source.rule_digest) == (rule.baseline_id, 1, rule.digest)
    assert source.engine_version == ENGINE_VERSION
    assert len(source.data_version) == 64
    assert (source.adjustment_ratio, source.capped, source.flags) == (1.0, False, ())
    assert datetime.fromisoformat(source.inputs["notice_at"]) == GATE
    assert datetime.fromisoformat(source.inputs["end"]) == EVENING.start - timedelta(hours=2)
    hour = np.arange(8) / 4 + 17.125
    expected_kw = 800.0 + 200.0 * np.sin((hour - 9.0) / 24.0 * 2.0 * np.pi)
    np.testing.assert_allclose(record.adjusted_kw, expected_kw, rtol=0.01)


def test_unverified_values_are_told_with_the_baseline(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    terms = BaselineTerms(rule=shipped_rules()["gb-bl01"])
    sell_under(market, terms)
    source = freeze(market).provenance
    assert source is not None
    assert any("unverified" in note for note in source.notes)
    assert measured(market).baseline_note == "baseline rule gb-bl01 has unverified values"


def sell_under(market: Market, terms: BaselineTerms) -> ProductProfile:
    """Give the evening's product another version, with other rules."""
    shipped = shipped_products()["example-peak-shaving"]
    product = shipped.model_copy(update={"version": shipped.version + 1, "baseline": terms})
    with market.units() as uow:
        uow.products.add(product)
        uow.commit()
    return product


def test_it_can_be_made_again_whatever_came_later(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    freeze(market)
    corrected = np.full(288 * 10, 123.0)  # the site corrects ten days of readings
    market.meter("north-1", 5000, NOON - 10 * DAY, corrected)
    again = verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1")
    assert (again.matches, again.differences) == (True, ())
    assert verify_baseline(market.units, agent_of("north-1"), market.pool, "evening", "north-1").matches


@pytest.mark.parametrize("field", ["raw_kw", "adjusted_kw"])
def test_a_figure_that_was_changed_is_found(tmp_path: Path, field: str) -> None:
    market = metered_market(tmp_path)
    record = freeze(market)
    figures = getattr(record, field)
    changed = replace(record, **{field: (figures[0] + 1.0, *figures[1:])})
    with market.units() as uow:
        uow.baselines.update("evening-north-1", changed, revision=1)
        uow.commit()
    again = verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1")
    assert not again.matches
    assert len(again.differences) == 1


def test_what_cannot_be_made_again_says_so(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    record = freeze(market)
    with market.units() as uow:
        uow.baselines.update("evening-north-1", replace(record, provenance=None), revision=1)
        uow.commit()
    with pytest.raises(WrongState, match="from before it was kept what baselines are made from"):
        verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1")
    with pytest.raises(NotFound, match="the baseline of sites/north-1 in events/night"):
        verify_baseline(market.units, OPERATOR, market.pool, "night", "north-1")


def test_edited_readings_are_kept_beside_what_was_read(tmp_path: Path) -> None:
    spike_at, gap_at = 288 * 27 + 210, 288 * 25 + 100

    def odd(load: npt.NDArray[np.float64]) -> None:
        load[spike_at] = 4400.0  # of a connection of 3000 kW, so let in; more than thrice all before
        load[gap_at : gap_at + 12] = np.nan

    market = metered_market(tmp_path, change=odd)
    record = freeze(market, change=odd)
    page = viewing_baselines.list_meter_edits(market.units, OPERATOR, "evening", "north-1", EVERYTHING)
    first = NOON.replace(hour=0) - 30 * DAY
    gap, spike = [edit for edit in page.edits if "stuck" not in edit.flag]
    assert (gap.span.start, gap.span.duration) == (first + gap_at * FIVE, timedelta(hours=1))
    assert (gap.flag, len(gap.raw_kw)) == ("missing+linear", 12)
    assert np.isnan(gap.raw_kw).all()
    before_kw, after_kw = site_load(30)[[gap_at - 1, gap_at + 12]]
    assert gap.edited_kw == pytest.approx(np.linspace(before_kw, after_kw, 14)[1:-1])
    assert (spike.span.start, spike.flag, spike.raw_kw) == (
        first + spike_at * FIVE,
        "spike+linear",
        (4400.0,),
    )
    assert spike.edited_kw[0] == pytest.approx(site_load(30)[spike_at], rel=0.02)
    assert record.provenance is not None
    assert any("are estimates" in note for note in record.provenance.notes)
    assert verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1").matches


def test_edits_come_in_pages(tmp_path: Path) -> None:
    def gappy(load: npt.NDArray[np.float64]) -> None:
        for day in range(20, 25):
            load[288 * day + 100] = np.nan

    market = metered_market(tmp_path, change=gappy)
    freeze(market, change=gappy)

    def page(token: str) -> viewing_baselines.EditsPage:
        request = PageRequest(2, token)
        return viewing_baselines.list_meter_edits(market.units, OPERATOR, "evening", "north-1", request)

    pages = [page("")]
    while pages[-1].next_page_token:
        pages.append(page(pages[-1].next_page_token))
    assert [len(each.edits) for each in pages] == [2, 2, 1]
    starts = [edit.span.start for each in pages for edit in each.edits]
    assert starts == sorted(set(starts))


def test_an_outage_before_the_event_is_not_made_up(tmp_path: Path) -> None:
    def silent(load: npt.NDArray[np.float64]) -> None:
        load[-60:-30] = np.nan  # in the adjustment window, and longer than a line is drawn

    market = metered_market(tmp_path)
    record = freeze(market, change=silent)
    assert (record.adjusted, record.adjustment_kw) == (False, 0.0)
    assert record.provenance is not None
    assert any("not adjusted" in note for note in record.provenance.notes)


def test_load_raised_before_the_event_is_flagged(tmp_path: Path) -> None:
    def raised(load: npt.NDArray[np.float64]) -> None:
        load[WINDOW] *= 1.5

    market = metered_market(tmp_path)
    record = freeze(market, change=raised)
    assert record.provenance is not None
    assert record.provenance.capped
    flags = {flag["kind"]: flag for flag in record.provenance.flags}
    assert flags["raised_load"]["value"] == pytest.approx(1.5, rel=0.02)
    assert flags["raised_load"]["value"] > flags["raised_load"]["limit"]
    assert flags["raised_load"]["reason"]


def test_the_first_event_settles_the_rule_of_a_site_that_was_never_scored(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    record = freeze(market)
    [choice] = choices(market)
    assert (choice.season_id, choice.baseline_id) == ("2025-winter", "example-high-4-of-5")
    assert (choice.recommended, choice.reason, choice.scores) == (False, NOT_SCORED, ())
    assert record.provenance is not None
    assert record.provenance.score is None
    choose_rules(market.units, market.pool, RULES, "2026-03-05")
    assert [each for each in choices(market) if each.product_id == "example-peak-shaving"] == [choice]


def choices(market: Market) -> list[RuleChoiceRecord]:
    page = viewing_baselines.list_rule_choices(market.units, OPERATOR, EVERYTHING)
    return [stored.value for stored in page.items]


def test_a_site_is_scored_once_and_keeps_its_rule(tmp_path: Path) -> None:
    market = metered_market(tmp_path, days=45)
    owe_choices(market.units, RULES)
    owe_choices(market.units, RULES)
    market.advance(NOON + timedelta(hours=1, minutes=1))
    first = choices(market)
    assert [choice.product_id for choice in first] == ["example-emergency", "example-peak-shaving"]
    for choice in first:
        assert choice.recommended
        assert choice.data_version is not None
        assert {score["baseline_id"] for score in choice.scores} == {"example-high-4-of-5", "ten-of-ten"}
        assert all(score["scored"] and score["event_count"] >= 10 for score in choice.scores)
        assert 0 < choice.scores[0]["rrmse_ratio"] < 0.05
    with market.units(write=False) as uow:
        open_rounds = [due.due_at for due in uow.due.open() if due.kind is DueKind.RULE_CHOICE]
    assert open_rounds == [NOON + timedelta(days=1, hours=1)]
    record = freeze(market, days=45)
    assert record.provenance is not None
    assert record.provenance.score == first[1].scores[record.provenance.rule_id == "ten-of-ten"]
    assert choices(market) == first
    mine = viewing_baselines.get_rule_choice(
        market.units, agent_of("north-1"), RULES, "north-1", "example-peak-shaving", ""
    )
    assert mine.value == first[1]


def test_a_rule_that_fits_better_is_taken_for_the_season(tmp_path: Path) -> None:
    def lasting_levels(load: npt.NDArray[np.float64]) -> None:
        # Each day has a level of its own, so the highest of five are above what follows.
        days = np.arange(len(load)) // 288
        load += np.random.default_rng(3).normal(0.0, 60.0, days[-1] + 1)[days]

    market = metered_market(tmp_path, days=60, change=lasting_levels)
    terms = BaselineTerms(
        rule=shipped_rules()["cn-beijing-2015"], alternatives=(shipped_rules()["example-high-4-of-5"],)
    )
    sell_under(market, terms)
    choose_rules(market.units, market.pool, RULES, "2026-03-04")
    [choice] = [each for each in choices(market) if each.product_id == "example-peak-shaving"]
    own, other = choice.scores
    assert other["rrmse_ratio"] < 0.9 * own["rrmse_ratio"]  # adjusted on the day, the other is not
    assert (choice.baseline_id, choice.recommended) == ("example-high-4-of-5", True)
    assert freeze(market, days=60, change=lasting_levels).method == "example-high-4-of-5"


def test_too_short_a_history_is_not_judged(tmp_path: Path) -> None:
    market = metered_market(tmp_path, days=15)
    choose_rules(market.units, market.pool, RULES, "2026-03-04")
    assert choices(market) == []
    with pytest.raises(NotFound, match="sites/north-1 has no rule for products/example-peak-shaving in 2025"):
        viewing_baselines.get_rule_choice(
            market.units, OPERATOR, RULES, "north-1", "example-peak-shaving", ""
        )


def test_holidays_around_the_readings_are_kept_with_the_baseline(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    eve = (NOON - 31 * DAY).date()  # the day before the first reading
    market.rules = replace(RULES, holidays=frozenset({eve}))
    source = freeze(market).provenance
    assert source is not None
    assert source.inputs["holidays"] == [eve.isoformat()]
    assert verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1").differences == ()


def test_what_was_used_cannot_be_told_afterwards_as_a_plan(tmp_path: Path) -> None:
    # A "plan" that was always right, as it is copied from the meter, would be believed for the event too.
    market = metered_market(tmp_path)
    sell_under(market, BaselineTerms(rule=shipped_rules()["forecast-robust-unadjusted"]))
    first = NOON.replace(hour=0) - 30 * DAY
    copied = tuple(site_load(30).reshape(-1, 12).mean(axis=1).tolist())
    with market.units() as uow:
        uow.plans.add(SitePlanRecord("north-1", first, timedelta(hours=1), copied, NOON))
        uow.plans.add(SitePlanRecord("north-1", EVENING.start, EVENING.duration, (1200.0,), NOON))
        uow.commit()
    source = freeze(market).provenance
    assert source is not None
    assert any("plan not used as a regressor" in note for note in source.notes)


def test_another_rule_stands_in_where_the_chosen_one_gives_none(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    terms = BaselineTerms(rule=shipped_rules()["jp-nominated"], alternatives=(shipped_rules()["ten-of-ten"],))
    sell_under(market, terms)
    record = freeze(market)
    assert record.method == "ten-of-ten"
    assert record.provenance is not None
    assert record.provenance.rule_id == "ten-of-ten"
    assert record.provenance.notes[0].startswith("rule jp-nominated gives none (missing_input)")
    assert verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1").matches


def test_a_plan_counts_if_it_was_told_before_notice(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    sell_under(market, BaselineTerms(rule=shipped_rules()["jp-nominated"]))
    with market.units() as uow:
        for level_kw, told_at in ((700.0, NOON), (900.0, GATE + timedelta(hours=1))):
            uow.plans.add(SitePlanRecord("north-1", EVENING.start, EVENING.duration, (level_kw,), told_at))
        uow.commit()
    record = freeze(market)
    assert record.raw_kw == pytest.approx((700.0,) * 8)
    assert verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1").matches


def test_no_rule_that_gives_a_baseline_is_recorded(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    sell_under(market, BaselineTerms(rule=shipped_rules()["jp-nominated"]))
    market.open_auction(100.0)
    market.bid("north-1", 100.0, "60")
    market.advance(EVENING.start)
    with market.units(write=False) as uow:
        assert uow.baselines.get("evening-north-1") is None
        [record] = [each for each in uow.audit.page() if each.action == "no_baseline"]
    assert record.detail["site"] == "north-1"
    assert record.detail["outcome"].startswith("jp-nominated: ")


def test_losses_multiply_baseline_and_load_alike(tmp_path: Path) -> None:
    market = metered_market(tmp_path)
    rule = shipped_rules()["example-high-4-of-5"].model_copy(update={"loss_ratio": 1.05})
    sell_under(market, BaselineTerms(rule=rule))
    record = freeze(market)
    delivery = measured(market)
    assert delivery.baseline_note == ""
    first = delivery.intervals[0]
    assert first.metered_kwh == Decimal("105.000")  # 400 kW * 0.25 h * 1.05
    assert first.baseline_kwh is not None
    assert float(first.baseline_kwh) == pytest.approx(record.adjusted_kw[0] * 0.25 * 1.05, abs=0.001)


def measured(market: Market) -> SiteDelivery:
    """Meter 400 kW through the evening and return what the site is paid by."""
    market.clock.advance_to(EVENING.end)
    market.meter("north-1", 9000, EVENING.start, np.full(24, 400.0))
    with market.units(write=False) as uow:
        [delivery] = site_deliveries(uow, market.event(), RULES)
    return delivery


def test_a_season_is_chosen_for_before_its_first_event(tmp_path: Path) -> None:
    market = metered_market(tmp_path, days=45)
    tomorrow = replace(RULES, seasons=(SeasonStart("next", 3, 5), SeasonStart("past", 9, 1)))
    choose_rules(market.units, market.pool, tomorrow, "2026-03-04")
    assert {(choice.season_id, choice.recommended) for choice in choices(market)} == {("2026-next", True)}


def test_a_site_whose_meter_no_longer_fits_the_product_holds_up_no_other(tmp_path: Path) -> None:
    market = metered_market(tmp_path, days=45)
    shipped = shipped_products()["example-emergency"]
    changes = {"version": shipped.version + 1, "settlement_interval": timedelta(minutes=1)}
    with market.units() as uow:
        uow.products.add(shipped.model_copy(update=changes))
        uow.commit()
    choose_rules(market.units, market.pool, RULES, "2026-03-04")
    assert [choice.product_id for choice in choices(market)] == ["example-peak-shaving"]
    with market.units(write=False) as uow:
        [record] = [each for each in uow.audit.page() if each.action == "no_rule_choice"]
        site = uow.sites.get("north-1")
        assert site is not None
        finer = gather_readings(uow, site.value, RULES, end=NOON, days=40, step=timedelta(minutes=1))
    assert "1 min" in record.detail["outcome"] or "0:01:00" in record.detail["outcome"]
    assert finer is not None
    found = make_baseline(BaselineJob(finer, EVENING, GATE, (shipped_rules()["ten-of-ten"],), {}))
    assert isinstance(found, NotMade)
    assert found.refusals[0].baseline_id == "ten-of-ten"


def test_an_enrolment_that_waits_is_not_scored(tmp_path: Path) -> None:
    market = metered_market(tmp_path, days=45)
    create_enrolment(
        market.units,
        agent_of("north-1"),
        "north-1",
        "example-gb-dfs",
        request_id="",
        automatic_approval=False,
    )
    choose_rules(market.units, market.pool, RULES, "2026-03-04")
    assert "example-gb-dfs" not in {choice.product_id for choice in choices(market)}


def test_sites_are_frozen_in_groups_and_each_once(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    for site_id in ("north-1", "north-2", "north-3"):
        market.enrol(site_id, days=1)
    market.open_auction(300.0)
    for site_id in ("north-1", "north-2", "north-3"):
        market.bid(site_id, 100.0, "60")
    market.advance(GATE + timedelta(minutes=1))
    freeze_baselines(market.units, market.pool, RULES, "evening", sites_at_once=2)
    freeze_baselines(market.units, market.pool, RULES, "evening", sites_at_once=1)
    with market.units(write=False) as uow:
        frozen = [record.subject for record in uow.audit.page() if record.action == "freeze_baseline"]
        sites = [record.detail["site"] for record in uow.audit.page() if record.action == "freeze_baseline"]
    assert frozen == ["events/evening"] * 3
    assert sites == ["north-1", "north-2", "north-3"]
