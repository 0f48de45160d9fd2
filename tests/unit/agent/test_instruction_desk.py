"""Several instructions at one site: who goes first, and that the site lets go only after the last."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import Message
from support.agent_site import (
    EVENING,
    QUARTER,
    STEP,
    Site,
    connected,
    instruction,
    start_site,
    statuses,
    write_site,
)

from vpp.agent.wire import duration
from vpp.foundation.errors import InvalidInput
from vpp.v1 import event_pb2

HOUR = timedelta(hours=1)
MANDATORY = event_pb2.Event.PURPOSE_MANDATORY
TEST = event_pb2.Event.PURPOSE_TEST
DRY_RUN = event_pb2.Event.PURPOSE_DRY_RUN
ACCEPTED = [("ACCEPTED", "UNSPECIFIED")]
NOISE = 0.15
"""By how much a tenth of the load the simulated site differs from its trace without any command."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        yield running


def tenth(site: Site) -> float:
    return 0.1 * float(np.mean(site.natural_kw(EVENING, 4)))


def told(  # noqa: PLR0913  by keyword, each with a default
    kw: float,
    *,
    event: str = "events/peak",
    start: datetime = EVENING,
    count: int = 4,
    purpose: event_pb2.Event.Purpose.ValueType = event_pb2.Event.PURPOSE_MARKET,
    begins_after: timedelta = timedelta(0),
    lets_go_after: timedelta = timedelta(0),
    modification: int = 0,
) -> event_pb2.Instruction:
    message = instruction([kw] * count, event=event, start=start, modification=modification)
    message.purpose = purpose
    message.start_offset.CopyFrom(duration(begins_after))
    message.release_offset.CopyFrom(duration(lets_go_after))
    return message


def answer(site: Site, message: Message) -> list[tuple[str, str]]:
    return statuses(site.deliver(instruction=message))


def reduced_kw(site: Site, start: datetime, count: int, step: timedelta = STEP) -> np.ndarray:
    """Return what the site uses less than it would without commands; negative while it recovers."""
    return np.array(site.natural_kw(start, count, step)) - np.array(site.metered_kw(start, count, step))


def test_a_site_begins_and_lets_go_in_its_turn(site: Site) -> None:
    kw = tenth(site)
    message = told(kw, begins_after=7 * timedelta(minutes=1), lets_go_after=11 * timedelta(minutes=1))
    assert answer(site, message) == ACCEPTED
    assert statuses(site.run_until(EVENING)) == []
    assert statuses(site.run_until(EVENING + STEP)) == [("STARTED", "UNSPECIFIED")]  # rounded down
    assert statuses(site.run_until(EVENING + HOUR + STEP)) == []
    assert statuses(site.run_until(EVENING + HOUR + 2 * STEP)) == [("COMPLETED", "UNSPECIFIED")]
    site.run_until(EVENING + 2 * HOUR)
    assert reduced_kw(site, EVENING, 1)[0] == pytest.approx(
        0.0, abs=NOISE * kw
    )  # neither reduced nor recovering
    held = reduced_kw(site, EVENING + HOUR, 2)
    assert held == pytest.approx(np.full(2, kw), rel=0.1)
    assert reduced_kw(site, EVENING + HOUR + 2 * STEP, 3).max() < 0.0


def test_a_late_beginning_is_made_good_within_the_first_interval(site: Site) -> None:
    kw = tenth(site)
    message = told(kw, begins_after=STEP)
    message.baseline_kw.extend(site.natural_kw(EVENING, 4))
    answer(site, message)
    site.run_until(EVENING + HOUR)
    assert reduced_kw(site, EVENING, 4, QUARTER) == pytest.approx(np.full(4, kw), rel=0.08)


def test_between_instructions_back_to_back_the_site_lets_go_of_nothing(site: Site) -> None:
    kw = tenth(site)
    answer(site, told(kw))
    answer(site, told(kw, event="events/next", start=EVENING + HOUR, begins_after=10 * timedelta(minutes=1)))
    site.run_until(EVENING + 2 * HOUR)
    assert reduced_kw(site, EVENING + QUARTER, 21).min() > 0.6 * kw
    site.run_until(EVENING + 3 * HOUR)
    assert reduced_kw(site, EVENING + 2 * HOUR + STEP, 4).max() < 0.0


def test_what_is_held_after_its_end_adds_nothing_to_what_follows(site: Site) -> None:
    kw = tenth(site)
    answer(site, told(kw, lets_go_after=2 * STEP))
    answer(site, told(kw, event="events/next", start=EVENING + HOUR))
    site.run_until(EVENING + 2 * HOUR)
    assert reduced_kw(site, EVENING + HOUR, 3).max() < 1.4 * kw


def test_an_order_and_a_market_are_served_together_where_the_site_can(site: Site) -> None:
    kw = tenth(site)
    assert answer(site, told(kw)) == ACCEPTED
    assert answer(site, told(0.5 * kw, event="events/order", purpose=MANDATORY)) == ACCEPTED
    site.run_until(EVENING + HOUR)
    assert reduced_kw(site, EVENING, 4, QUARTER)[1:] == pytest.approx(np.full(3, 1.5 * kw), rel=0.15)


def test_what_a_market_has_bought_does_not_stand_against_an_order(site: Site) -> None:
    most_kw = 100.0 * tenth(site)
    assert statuses(site.deliver(instruction=told(most_kw)))[0][0] == "PARTIAL"
    promised_kw = site.agent.memory.plan.promised_kw(EVENING)
    assert answer(site, told(0.9 * promised_kw, event="events/order", purpose=MANDATORY)) == ACCEPTED


def test_a_market_hears_that_an_order_goes_first(site: Site) -> None:
    answer(site, told(100.0 * tenth(site), event="events/order", purpose=MANDATORY))
    [(state, reason)] = answer(site, told(tenth(site)))
    assert (state, reason) in {("REFUSED", "OUTRANKED"), ("PARTIAL", "OUTRANKED")}


def test_no_test_is_made_beside_a_market(site: Site) -> None:
    answer(site, told(tenth(site)))
    assert answer(site, told(1.0, event="events/try", purpose=TEST)) == [("REFUSED", "OUTRANKED")]
    later = told(1.0, event="events/later", purpose=TEST, start=EVENING + HOUR)
    assert answer(site, later) == ACCEPTED


def test_a_test_gives_way_to_what_comes_after_it(site: Site) -> None:
    kw = tenth(site)
    assert answer(site, told(kw, event="events/try", purpose=TEST)) == ACCEPTED
    assert answer(site, told(kw, start=EVENING + 2 * QUARTER)) == ACCEPTED
    # Before its start a test that will be in the way is taken back.
    assert statuses(site.run_until(EVENING - STEP)) == [("REFUSED", "OUTRANKED")]


def test_a_test_that_has_begun_goes_on_until_what_outranks_it_begins(site: Site) -> None:
    kw = tenth(site)
    answer(site, told(kw, event="events/try", purpose=TEST))
    site.run_until(EVENING + STEP)
    answer(site, told(kw, start=EVENING + 2 * QUARTER))
    assert statuses(site.run_until(EVENING + 2 * QUARTER - STEP)) == []
    assert statuses(site.run_until(EVENING + 2 * QUARTER)) == [
        ("ABORTED", "OUTRANKED"),
        ("STARTED", "UNSPECIFIED"),
    ]


def test_a_dry_run_says_everything_and_moves_nothing(site: Site) -> None:
    kw = tenth(site)
    assert answer(site, told(kw, purpose=DRY_RUN)) == ACCEPTED
    assert statuses(site.run_until(EVENING)) == [("STARTED", "UNSPECIFIED")]
    assert statuses(site.run_until(EVENING + HOUR)) == [("COMPLETED", "UNSPECIFIED")]
    assert reduced_kw(site, EVENING, 12).max() < NOISE * kw


def test_a_dry_run_is_in_nobodys_way(site: Site) -> None:
    answer(site, told(100.0 * tenth(site), event="events/dry", purpose=DRY_RUN))
    assert answer(site, told(tenth(site))) == ACCEPTED
    assert answer(site, told(1.0, event="events/order", purpose=MANDATORY)) == ACCEPTED


def test_a_restart_while_the_site_holds_on_lets_go_in_its_turn(site: Site) -> None:
    kw = tenth(site)
    answer(site, told(kw, lets_go_after=3 * STEP))
    site.run_until(EVENING + HOUR)
    with site.restart() as again:
        assert statuses(connected(again).run_until(EVENING + HOUR + 2 * STEP)) == []
        assert statuses(again.run_until(EVENING + HOUR + 3 * STEP)) == [("COMPLETED", "UNSPECIFIED")]


def test_a_modification_after_the_start_does_not_begin_again(site: Site) -> None:
    kw = tenth(site)
    answer(site, told(kw, begins_after=STEP))
    site.run_until(EVENING + 2 * STEP)
    lowered = told(0.5 * kw, begins_after=STEP, modification=1)
    assert answer(site, lowered) == ACCEPTED
    assert statuses(site.run_until(EVENING + 3 * STEP)) == [("STARTED", "UNSPECIFIED")]
    site.run_until(EVENING + HOUR)
    assert reduced_kw(site, EVENING + QUARTER, 9).min() > 0.3 * kw


def test_why_a_site_cannot_judge_stays_at_the_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless(*_: object, **__: object) -> None:
        raise InvalidInput("group secret-customer-7 has no load")

    monkeypatch.setattr("vpp.agent.instruction_desk.verdict_on", nameless)
    [request] = [
        each for each in site.deliver(instruction=told(100.0)) if each.HasField("instruction_status")
    ]
    assert statuses([request]) == [("REFUSED", "RESOURCE_UNAVAILABLE")]
    assert "secret" not in str(request)
