"""A plan of migration fits its receivers and is worth as much as the best of all plans on a grid."""

from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from vpp.flexibility.migration import largest_it_kw, shift
from vpp.flexibility.migration_plan import plan_migration
from vpp.flexibility.migration_site import MigrationEnd, MigrationReceiver, MovableWork

CENT = Decimal("0.01")
prices = st.integers(0, 150).map(lambda cents: cents * CENT)
factors = st.integers(0, 100).map(lambda cents: cents * CENT)


@st.composite
def ends(draw: st.DrawFn, site_id: str) -> MigrationEnd:
    return MigrationEnd(
        site_id, "gpu", f"zone-{site_id}", "", "", draw(st.sampled_from([1.1, 1.25, 1.5])),
        draw(st.sampled_from([4.0, 8.0, 10.0])), draw(prices), draw(prices), draw(factors),
        draw(st.sampled_from([None, 0.05, 0.25])),
    )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[MigrationEnd, MovableWork, list[MigrationReceiver]]:
    tens = st.integers(0, 12).map(lambda n: 10.0 * n)
    receivers = [
        MigrationReceiver(
            draw(ends(f"r{n}")), draw(st.sampled_from(["a", "a", "b"])), "CN", draw(tens), draw(tens) * 2,
            5.0, 1000.0, draw(st.integers(0, 5)) * CENT, Decimal(draw(st.integers(0, 40))),
        )
        for n in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    work = MovableWork("a", 10.0 * draw(st.integers(1, 12)), 1.0, draw(st.sampled_from([0.0, 20.0])), 600.0)
    return draw(ends("home")), work, receivers


@settings(max_examples=60)
@given(cases())
def test_no_plan_on_a_grid_is_worth_more(
    case: tuple[MigrationEnd, MovableWork, list[MigrationReceiver]],
) -> None:
    donor, work, receivers = case
    plan = plan_migration(donor, work, receivers)
    most = [largest_it_kw(donor, work, each) for each in receivers]
    best = Decimal(0)
    for shares in product(range(5), repeat=len(receivers)):
        amounts = [most_kw * share / 4 for most_kw, share in zip(most, shares, strict=True)]
        if sum(amounts) > work.it_kw:
            continue
        moved = (shift(donor, work, to, kw) for to, kw in zip(receivers, amounts, strict=True) if kw > 0.0)
        best = max(best, sum((each.net_benefit for each in moved), Decimal(0)))
    assert plan.net_benefit >= best - Decimal("1e-6")


@given(cases())
def test_a_plan_keeps_every_limit_and_both_energies_agree(
    case: tuple[MigrationEnd, MovableWork, list[MigrationReceiver]],
) -> None:
    donor, work, receivers = case
    plan = plan_migration(donor, work, receivers)
    known = {each.end.site_id: each for each in receivers}
    for each in plan.shifts:
        to = known[each.receiver.end.site_id]
        speed = donor.work_per_kwh / to.end.work_per_kwh
        assert to.accelerator == work.accelerator
        assert each.it_kw * speed <= to.free_it_kw * (1 + 1e-9)
        assert each.receiver.power_kw <= to.room_kw * (1 + 1e-9)
        assert (1 + to.end.slope_ratio) * each.it_kw * speed <= to.room_kw * (1 + 1e-9)
    assert abs(sum(each.it_kw for each in plan.shifts) + plan.staying_it_kw - work.it_kw) < 1e-6
    assert set(plan.obstacles) == set(known) - {each.receiver.end.site_id for each in plan.shifts}
    assert plan.net_benefit >= 0
