from datetime import timedelta

from vpp.dispatch.tracking.staggered_return import Return, ReturnLimit, staggered_return

QUARTER, NONE = timedelta(minutes=15), timedelta(0)


def test_without_limits_everybody_goes_as_planned() -> None:
    assert staggered_return([Return("a", (100.0,), NONE)], [], QUARTER, 2 * QUARTER) == {}


def test_rebounds_together_stay_under_every_limit() -> None:
    returns = [Return(site_id, (80.0, 40.0), NONE) for site_id in "abcd"]
    feeder = ReturnLimit("feeder", frozenset("abcd"), (130.0,))
    later = staggered_return(returns, [feeder], QUARTER, 8 * QUARTER)
    total = [0.0] * 12
    for each in returns:
        first = later.get(each.site_id, NONE) // QUARTER
        for n, kw in enumerate(each.rebound_kw):
            total[first + n] += kw
    assert max(total) <= 130.0
    assert sum(total) == 480.0
    assert len(later) == 3


def test_only_those_behind_a_limit_wait_for_it() -> None:
    returns = [Return(site_id, (80.0,), NONE) for site_id in "abc"]
    feeder = ReturnLimit("feeder", frozenset("ab"), (100.0,))
    assert staggered_return(returns, [feeder], QUARTER, 2 * QUARTER) == {"b": QUARTER}


def test_a_connection_with_more_room_later_holds_its_site_until_then() -> None:
    own = ReturnLimit("a", frozenset("a"), (50.0, 50.0, 100.0))
    assert staggered_return([Return("a", (80.0,), NONE)], [own], QUARTER, 4 * QUARTER) == {"a": 2 * QUARTER}


def test_a_site_that_no_delay_helps_goes_as_planned() -> None:
    own = ReturnLimit("a", frozenset("a"), (50.0,))
    assert staggered_return([Return("a", (80.0,), NONE)], [own], QUARTER, 4 * QUARTER) == {}


def test_a_planned_offset_that_is_longer_stays() -> None:
    returns = [Return("a", (80.0,), NONE), Return("b", (80.0,), 3 * QUARTER)]
    both = ReturnLimit("feeder", frozenset("ab"), (100.0,))
    assert staggered_return(returns, [both], QUARTER, 4 * QUARTER) == {"b": 3 * QUARTER}
