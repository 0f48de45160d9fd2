"""Bids worked out by hand: prices, energy, what comes back, and what excludes what."""

from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.bids import exclusive_groups, plan_bids
from vpp.flexibility.planning.planned_bid import BidPlan, BidWindow, PlannedBid
from vpp.flexibility.planning.terms import (
    CutSegment,
    GeneratorTerms,
    PauseTerms,
    ResourceTerms,
    SharedLimit,
    SiteTerms,
    StoreTerms,
    WorkTerms,
    flat,
)
from vpp.foundation.errors import InvalidInput

N = 6
WINDOW = BidWindow(1, 2, 3, Decimal(1000))


def site(*resources: ResourceTerms) -> SiteTerms:
    return SiteTerms(1.0, flat(1000.0, N), flat(0.2, N), flat(1200.0, N), resources)


def battery(**changes: object) -> StoreTerms:
    bess = StoreTerms(
        "bess",
        200.0,
        flat(50.0, N),
        200.0,
        flat(100.0, N),
        flat(100.0, N),
        stored_per_charged=0.8,
        end_kwh=200.0,
        wear_cost_per_kwh=0.1,
        delivery_ratio=0.97,
    )
    return replace(bess, **changes)  # type: ignore[arg-type]


def jobs(**changes: object) -> WorkTerms:
    segments = (CutSegment(0.2, 0.25), CutSegment(0.2, 0.5))
    group = WorkTerms(
        "jobs",
        flat(100.0, N),
        segments,
        flat(0.0, N),
        0.0,
        (9,) * N,
        value_per_kwh=2.0,
        max_late_kwh=1e6,
        delivery_ratio=0.9,
    )
    return replace(group, **changes)  # type: ignore[arg-type]


def of(plan: BidPlan, resource_id: str) -> list[PlannedBid]:
    return [bid for bid in plan.bids if bid.resource_id == resource_id]


def test_a_battery_offers_all_its_power_within_its_energy_at_wear_and_loss() -> None:
    (bid,) = of(plan_bids(site(battery()), WINDOW), "bess")
    # 0.10 wear and a quarter of a kWh at 0.20 for each kWh recharged.
    assert [[(step.power_kw, step.price_per_mwh) for step in each] for each in bid.steps] == [
        [(pytest.approx(100.0), Decimal("150.00"))]
    ] * 2
    assert bid.energy_limit_kwh == pytest.approx(150.0)
    assert bid.recovery_ratio == pytest.approx(1.25)
    assert 1 <= bid.recovery_intervals <= 3
    assert bid.max_recovery_kw == pytest.approx(100.0)
    assert bid.delivery_ratio == 0.97


def test_what_can_be_sold_elsewhere_costs_what_it_earns_there() -> None:
    prices = (0.2, 0.2, 0.2, 0.5, 0.2, 0.2)
    later = replace(site(battery(end_kwh=0.0, end_value_per_kwh=0.25)), energy_price_per_kwh=prices)
    (bid,) = of(plan_bids(later, WINDOW), "bess")
    # 100 kWh would save 0.50 in hour 3, and 0.20 now: they cost 0.30 more; the rest keeps 0.25 and wears.
    prices_per_mwh = [step.price_per_mwh for step in bid.steps[0]]
    assert prices_per_mwh == [Decimal("150.00"), Decimal("300.00")]


def test_caps_rise_in_price_with_the_work_they_lose() -> None:
    (bid,) = of(plan_bids(site(jobs()), WINDOW), "jobs")
    # 2.00 x 0.25 less the tariff, then 2.00 x 0.50 less the tariff.
    assert [(step.power_kw, step.price_per_mwh) for step in bid.steps[0]] == [
        (pytest.approx(20.0), Decimal("300.00")),
        (pytest.approx(20.0), Decimal("800.00")),
    ]
    assert bid.energy_limit_kwh is None
    assert bid.recovery_ratio == 0.0


def test_cheaper_energy_makes_caps_dearer() -> None:
    cheap = replace(site(jobs()), energy_price_per_kwh=flat(0.05, N))
    (dear_bid,), (bid,) = of(plan_bids(cheap, WINDOW), "jobs"), of(plan_bids(site(jobs()), WINDOW), "jobs")
    assert dear_bid.steps[0][0].price_per_mwh == bid.steps[0][0].price_per_mwh + 150


def test_nothing_above_the_cap_price_is_offered() -> None:
    (bid,) = of(plan_bids(site(jobs()), replace(WINDOW, cap_price_per_mwh=Decimal(500))), "jobs")
    assert [len(each) for each in bid.steps] == [1, 1]
    assert plan_bids(site(jobs()), replace(WINDOW, cap_price_per_mwh=Decimal(100))).bids == ()


def test_a_group_that_can_be_paused_offers_spans_that_exclude_each_other_and_its_caps() -> None:
    pause = PauseTerms((True,) * N, idle_power_ratio=0.1, restart_kwh=5.0, restart_cost=3.0)
    bids = of(plan_bids(site(jobs(pause=pause, value_per_kwh=0.5)), WINDOW), "jobs")
    assert {bid.exclusive_group for bid in bids} == {"jobs"}
    blocks = [bid for bid in bids if bid.block_kw]
    assert {bid.block_kw for bid in blocks} == {(90.0, 90.0), (90.0,), (0.0, 90.0)}
    for bid in blocks:
        assert bid.min_acceptance_ratio == 1.0
        assert bid.fixed_cost == Decimal("5.5")  # 5 kWh of work, and 3.00 for the restart
        # 100 kWh of work at 0.50 less 90 kWh at 0.20.
        assert bid.price_per_mwh == Decimal("355.56")


def test_a_block_states_what_is_caught_up_after_it() -> None:
    pause = PauseTerms((True,) * N)
    room = jobs(
        value_per_kwh=0.5,
        pause=pause,
        segments=(),
        catch_up_kw=flat(40.0, N),
        due_after=(4,) * N,
        max_late_kwh=0.0,
    )
    rising = replace(site(room), energy_price_per_kwh=(0.2, 0.2, 0.2, 0.2, 0.21, 0.22))
    blocks = of(plan_bids(rising, WINDOW), "jobs")
    assert {bid.block_kw for bid in blocks} == {
        (100.0, 0.0, -40.0, -40.0, -20.0),
        (0.0, 100.0, -40.0, -40.0, -20.0),
    }


def test_a_pause_that_would_miss_a_deadline_is_not_offered() -> None:
    pause = PauseTerms((True,) * N)
    late = jobs(pause=pause, segments=(), due_after=(2,) * N, max_late_kwh=0.0)
    assert plan_bids(site(late), WINDOW).bids == ()


def test_a_generator_bids_its_fuel_less_the_tariff_down_to_its_least_output() -> None:
    machine = GeneratorTerms(
        "genset", 40.0, flat(100.0, N), (True,) * N, 2.0, 2, cost_per_kwh=1.0, start_cost=30.0
    )
    (bid,) = of(plan_bids(site(machine), replace(WINDOW, cap_price_per_mwh=Decimal(2000))), "genset")
    assert bid.block_kw == (100.0, 100.0)
    assert (bid.price_per_mwh, bid.fixed_cost) == (Decimal("800.00"), Decimal("30.0"))
    assert bid.min_acceptance_ratio == pytest.approx(0.4)


def test_a_battery_that_has_room_offers_to_draw_more() -> None:
    up = replace(WINDOW, direction=FlexDirection.LOAD_UP, floor_price_per_mwh=Decimal(0))
    empty = battery(stored_kwh=50.0, end_kwh=0.0, wear_cost_per_kwh=0.0)
    (bid,) = of(plan_bids(site(empty), up), "bess")
    assert bid.energy_limit_kwh == pytest.approx(150.0 / 0.8)
    assert bid.steps[0][0].power_kw == pytest.approx(100.0)
    # What is drawn for 0.20 gives back 0.8 kWh at 0.20 later.
    assert bid.steps[0][0].price_per_mwh == Decimal("40.00")
    assert bid.recovery_ratio == pytest.approx(0.8)
    narrow = replace(site(empty), import_limit_kw=flat(1030.0, N))
    (bid,) = of(plan_bids(narrow, up), "bess")
    assert max(bid.largest_kw) == pytest.approx(30.0)


def test_a_battery_sold_before_offers_only_the_rest() -> None:
    sold = (0.0, 60.0, 60.0, 0.0, 0.0, 0.0)
    (bid,) = of(plan_bids(site(battery()), WINDOW, sold_kw={"bess": sold}), "bess")
    assert max(bid.largest_kw) == pytest.approx(40.0)
    assert bid.energy_limit_kwh == pytest.approx(30.0)
    assert plan_bids(site(jobs()), WINDOW, sold_kw={"jobs": sold}).bids == ()


def test_exclusions_that_share_a_resource_become_one_group() -> None:
    three = [replace(battery(), resource_id=name) for name in ("a", "b", "c", "d")]
    tied = replace(site(*three), exclusions=(frozenset({"b", "c"}), frozenset({"a", "b"})))
    assert exclusive_groups(tied) == {"a": "a", "b": "a", "c": "a"}


def test_two_stores_share_the_room_under_the_import_limit_for_their_rebound() -> None:
    twins = site(battery(), replace(battery(), resource_id="twin"))
    narrow = replace(twins, import_limit_kw=flat(1020.0, N))
    bids = plan_bids(narrow, WINDOW).bids
    # Three hours of 20 kW recharge 48 kWh; more may be sold only where it need not be paid back in time.
    assert all(bid.recovery_ratio <= 1.25 + 1e-6 for bid in bids)


def test_what_excludes_a_sold_resource_is_not_offered() -> None:
    tied = replace(site(battery(), jobs()), exclusions=(frozenset({"bess", "jobs"}),))
    sold = (0.0, 60.0, 60.0, 0.0, 0.0, 0.0)
    assert plan_bids(tied, WINDOW, sold_kw={"jobs": sold}).bids == ()
    assert {bid.resource_id for bid in plan_bids(tied, WINDOW, sold_kw={"bess": sold}).bids} == {"bess"}
    twin = replace(
        site(battery(), replace(battery(), resource_id="twin")), exclusions=(frozenset({"bess", "twin"}),)
    )
    assert plan_bids(twin, WINDOW, sold_kw={"bess": sold, "twin": sold}).bids == ()


def test_what_was_sold_takes_of_a_shared_limit() -> None:
    shared = SharedLimit((("bess", 1.0), ("jobs", 0.5)), flat(50.0, N))
    tied = replace(site(battery(), jobs()), shared_limits=(shared,))
    sold = (0.0, 60.0, 60.0, 0.0, 0.0, 0.0)
    (bid,) = plan_bids(tied, WINDOW, sold_kw={"jobs": sold}).bids
    assert max(bid.largest_kw) == pytest.approx(20.0)
    (bid,) = of(plan_bids(tied, WINDOW, sold_kw={"bess": (0.0, 45.0, 45.0, 0.0, 0.0, 0.0)}), "jobs")
    assert max(bid.largest_kw) == pytest.approx(10.0)


def test_a_generator_offers_no_more_than_the_site_draws_beside_its_other_bids() -> None:
    machine = GeneratorTerms("genset", 40.0, flat(100.0, N), (True,) * N, 9.0, cost_per_kwh=1.0)
    small = replace(site(machine), load_kw=flat(70.0, N))
    bids = of(plan_bids(small, WINDOW), "genset")
    assert {max(bid.block_kw) for bid in bids} == {70.0}
    assert bids[0].min_acceptance_ratio == pytest.approx(40.0 / 70.0)
    crowded = replace(site(machine, battery(max_discharge_kw=flat(40.0, N))), load_kw=flat(70.0, N))
    assert of(plan_bids(crowded, WINDOW), "genset") == []  # the battery's 40 kW leave less than it can make
    exporting = replace(crowded, export_limit_kw=flat(80.0, N))
    assert max(of(plan_bids(exporting, WINDOW), "genset")[0].block_kw) == 100.0


def test_blocks_leave_room_for_what_is_caught_up_after_all_of_them() -> None:
    def paused(name: str) -> WorkTerms:
        return jobs(
            resource_id=name,
            value_per_kwh=0.5,
            segments=(),
            pause=PauseTerms((True,) * N),
            catch_up_kw=flat(60.0, N),
            due_after=(4,) * N,
            max_late_kwh=0.0,
        )

    one_hour = replace(WINDOW, count=1)
    pair = site(paused("a"), paused("b"))
    assert {bid.resource_id for bid in plan_bids(pair, one_hour).bids} == {"a", "b"}
    # 200 kWh of work do not fit under 1,030 kW in four hours, 100 do.
    narrow = replace(pair, import_limit_kw=flat(1030.0, N))
    assert [bid.resource_id for bid in plan_bids(narrow, one_hour).bids] == ["a"]


def test_what_costs_a_start_is_a_block_that_pays_for_it() -> None:
    (bid,) = plan_bids(site(jobs(start_cost=7.123)), WINDOW).bids
    assert bid.steps == ()
    assert bid.block_kw == pytest.approx((40.0, 40.0))
    assert (bid.price_per_mwh, bid.fixed_cost) == (Decimal("800.00"), Decimal("7.13"))
    assert 0.0 < bid.min_acceptance_ratio < 1.0


def test_a_run_that_has_begun_counts_only_if_the_window_begins_now() -> None:
    machine = GeneratorTerms("genset", 40.0, flat(100.0, N), (True,) * N, 9.0, 4, cost_per_kwh=0.5)
    running, now = replace(machine, running_for=4), replace(WINDOW, first=0)
    assert of(plan_bids(site(machine), now), "genset") == []  # two hours are less than its shortest run
    assert [bid.block_kw for bid in of(plan_bids(site(running), now), "genset")] == [(100.0, 100.0), (100.0,)]
    assert of(plan_bids(site(running), WINDOW), "genset") == []


def test_no_time_is_no_bid_and_said() -> None:
    plan = plan_bids(site(battery(), jobs(pause=PauseTerms((True,) * N))), WINDOW, time_limit_s=0.0)
    assert (plan.bids, plan.is_complete) == ((), False)


def test_a_window_beyond_the_horizon_is_refused() -> None:
    with pytest.raises(InvalidInput, match="ends at interval 7, expected at most 6"):
        plan_bids(site(battery()), BidWindow(5, 2, 0, Decimal(100)))
    with pytest.raises(InvalidInput, match="expected at least the floor 200"):
        BidWindow(0, 1, 0, Decimal(100), floor_price_per_mwh=Decimal(200))
