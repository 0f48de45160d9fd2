from datetime import UTC, datetime

from vpp.foundation.interval import Interval
from vpp.settlement.shared_figures import BudgetFigures, GroupFigures, SharedFigures

START = "2026-03-02T17:00:00+00:00"
SPAN = Interval(datetime(2026, 3, 2, 17, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC))


def test_an_owner_gets_sums_and_nothing_else_of_others() -> None:
    def group(*sites: str) -> GroupFigures:
        cells = frozenset((site, START) for site in sites)
        return GroupFigures(10, 20, 8, 1, "own", 10, "own", 5, paid_up=cells, charged_up=cells)

    def budget(events: set[str], *sites: str) -> BudgetFigures:
        paid = frozenset(("evening", site, START, "ENERGY") for site in sites)
        return BudgetFigures(100, frozenset(events), paid)

    whole = SharedFigures(
        groups={("evening", SPAN): group("north-1", "south-1"), ("night", SPAN): group("south-1")},
        budgets={
            ("grid", "peak", 1, ""): budget({"evening", "night"}, "north-1", "south-1"),
            ("grid", "other", 1, ""): budget({"night"}, "south-1"),
        },
    )
    assert whole.of_pairs({("evening", "north-1")}) == SharedFigures(
        groups={("evening", SPAN): group("north-1")},
        budgets={("grid", "peak", 1, ""): budget({"evening"}, "north-1")},
    )


def test_a_site_that_is_known_of_in_one_event_stays_unknown_in_another() -> None:
    """Whoever buys one event from a site and owns another that serves beside it knows the one alone."""
    cells = frozenset({("north-1", START), ("south-1", START)})
    group = GroupFigures(10, 20, 8, 1, "own", 10, "own", 5, paid_up=cells)
    whole = SharedFigures(groups={("bought", SPAN): group, ("served", SPAN): group})
    pairs = {("bought", "north-1"), ("bought", "south-1"), ("served", "north-1")}
    seen = whole.of_pairs(pairs, {"bought"})
    assert seen.groups["bought", SPAN].paid_up == cells
    assert seen.groups["served", SPAN].paid_up == {("north-1", START)}
    assert seen.whole_event_ids == {"bought"}
