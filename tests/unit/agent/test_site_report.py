"""A played site's report, made of what its agent and plant left in files."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.agent_site import MORNING, STEP, Site, connected, instruction, start_site, write_site

from vpp.agent.event_responses import event_responses
from vpp.agent.local_desk import LocalDesk
from vpp.agent.local_files import LocalFiles, read_local_files
from vpp.agent.local_order import LocalOrder, OrderKind
from vpp.agent.meter_history import MeterHistory, no_history
from vpp.agent.order_folder import OrderFolder
from vpp.agent.site_flexibility import FlexibilityBook, flexibility_from
from vpp.agent.site_report import ReportChoices, SiteReport, site_report
from vpp.agent.site_status import status_document
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.site_grade import GradeChoices, Known, NotKnownYet
from vpp.flexibility.site_response import ResponseChoices
from vpp.flexibility.yearly_flexibility import Activation
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

HALF = timedelta(minutes=30)
EVENT_START = MORNING + timedelta(hours=3)
TARGET_KW = 400.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that tried its battery and served one event of an hour."""
    with connected(start_site(write_site(tmp_path_factory.mktemp("site")))) as running:
        running.run_until(MORNING + 4 * STEP)
        order = LocalOrder("t1", OrderKind.TEST, "bess", running.now, made_by="kim", kw=400.0, duration=HALF)
        folder = OrderFolder(running.settings.journal_path)
        folder.leave(order)
        LocalDesk(running.agent, folder).attend(running.now)
        running.agent.control(running.now)
        running.run_until(EVENT_START - 6 * STEP)
        baseline_kw = running.natural_kw(EVENT_START, 4)
        running.deliver(instruction=instruction([TARGET_KW] * 4, start=EVENT_START, baseline_kw=baseline_kw))
        running.run_until(EVENT_START + timedelta(hours=2))
        yield running


def status(site: Site) -> dict[str, Any]:
    return dict(json.loads(json.dumps(status_document(site.agent, site.now), allow_nan=False)))


def history(site: Site) -> MeterHistory:
    begin = site.plant.meter_begins_at
    return MeterHistory(begin, STEP, tuple(site.plant.meter(begin, site.now).tolist()))


def files_of(site: Site, **changes: Any) -> LocalFiles:  # noqa: ANN401  any part of them
    return replace(read_local_files(site.settings, status(site), site.now), **changes)


def report(site: Site, **changes: Any) -> SiteReport:  # noqa: ANN401  as above
    return site_report(site.settings, files_of(site, **changes), history(site), now=site.now)


def test_a_played_site_is_seen_measured_and_steered(site: Site) -> None:
    found = report(site)
    for name, score in found.scores.items():
        assert isinstance(score, Known), name
        assert 0.85 <= score.ratio <= 1.0, name
    assert found.scores["controllability"].observation_count == 1  # a try of one store is too little
    assert isinstance(found.letter, NotKnownYet)  # one event is too few
    assert "expected 3" in found.letter.why


def test_a_small_part_that_was_tried_says_nothing_of_the_whole_site(site: Site) -> None:
    files = files_of(site, answers={})  # without the event there is the try of the battery alone
    kept = history(site)
    alone = site_report(site.settings, files, kept, now=site.now).scores["controllability"]
    assert isinstance(alone, NotKnownYet)
    assert "kW have been tried" in alone.why
    assert alone.observation_count == 1
    lenient = ReportChoices(grade=GradeChoices(least_tried_ratio=0.0))
    taken = site_report(site.settings, files, kept, now=site.now, choices=lenient).scores["controllability"]
    assert isinstance(taken, Known)
    assert taken.ratio > 0.9


def test_the_event_is_measured_at_the_meter(site: Site) -> None:
    (event,) = report(site).events
    assert (event.event, event.state, event.promised_kw) == ("events/peak", "COMPLETED", TARGET_KW)
    assert event.response is not None
    metered = site.metered_kw(EVENT_START, 4)
    natural = site.natural_kw(EVENT_START, 4)
    saved = sum(before - now for before, now in zip(natural, metered, strict=True)) / 4
    assert event.response.delivered_kw == pytest.approx(saved)
    assert event.response.delivered_kwh == pytest.approx(saved)  # an hour
    assert report(site).seen.reduced_kwh == pytest.approx(saved)


def test_the_site_promises_less_than_its_resources_alone(site: Site) -> None:
    found = report(site)
    down = found.down
    assert 0.0 < down.numbers.magnitude_kw <= down.added_up_kw
    assert down.numbers.magnitude_kw <= down.bound_kw
    assert found.up.numbers.direction is FlexDirection.LOAD_UP
    assert found.room is not None
    assert found.up.bound_kw == found.room.rebound_room_kw
    five_minutes = [row.together_kw[1] for row in down.ladder]
    assert sum(five_minutes) < sum(row.alone_kw[1] for row in down.ladder)  # cut computers cool themselves
    assert max(found.hours, key=lambda each: each.firm_kw).hour in {5, 6}  # the trace is lowest at six
    assert len(found.hours) == 24


def test_a_test_is_told_from_an_event(site: Site) -> None:
    bess = next(each for each in report(site).resources if each.resource_id == "bess")
    assert (bess.kind, bess.health, bess.test_count, bess.is_learned) == ("battery", "ok", 1, False)
    assert bess.promises[0].delivered_ratio == pytest.approx(1.0, abs=0.1)
    assert isinstance(bess.measurability, Known)
    ups = next(each for each in report(site).resources if each.resource_id == "ups")
    assert isinstance(ups.controllability, NotKnownYet)


def test_only_the_span_that_is_asked_for_counts(site: Site) -> None:
    files = files_of(site)
    late = site_report(site.settings, files, history(site), now=site.now, since=EVENT_START + HALF)
    assert late.events == ()
    assert all(not each.promises for each in late.resources if each.resource_id == "bess")
    with pytest.raises(InvalidInput, match="since"):
        site_report(site.settings, files, history(site), now=site.now, since=site.now, until=site.now)


def test_what_was_before_the_first_reading_and_what_is_to_come_is_not_missing(site: Site) -> None:
    whole = report(site)
    files, days = files_of(site), timedelta(days=4000)
    found = site_report(
        site.settings, files, history(site), now=site.now, since=site.now - days, until=site.now + days
    )
    assert found.scores["observability"] == whole.scores["observability"]
    assert found.span.start == whole.span.start
    assert found.span.end == site.now


def test_what_was_asked_long_ago_is_no_quiet_hour(site: Site) -> None:
    """Events leave the journal after two days, and readings stay for a month."""
    whole = report(site)
    files = files_of(site)
    (name,) = (item.instruction.event for item in files.memory.plan.items.values())
    used = Activation(Interval(EVENT_START, EVENT_START + 2 * HALF), FlexDirection.LOAD_DOWN, 400.0)
    files.memory.local.activations.by_event[name] = used
    files.memory.plan.items.clear()
    found = site_report(site.settings, files, history(site), now=site.now)
    assert found.events == ()
    assert found.error == whole.error


def test_an_error_that_is_not_known_is_not_none_at_all(site: Site) -> None:
    files = files_of(site)
    observations = files.memory.local.learned.observations
    observations["bess"] = [replace(each, noise_kw=0.0) for each in observations["bess"]]
    found = site_report(site.settings, files, history(site), now=site.now)
    bess = next(each for each in found.resources if each.resource_id == "bess")
    assert bess.promises
    assert isinstance(bess.measurability, NotKnownYet)


def test_a_year_is_not_guessed_from_a_day(site: Site) -> None:
    assert isinstance(report(site).year, NotKnownYet)


def test_an_agent_that_never_ran_has_no_grade_and_no_ups_promise(tmp_path: Path) -> None:
    settings = write_site(tmp_path)
    files = read_local_files(settings, None, MORNING)
    found = site_report(settings, files, no_history(MORNING, STEP), now=MORNING)
    assert isinstance(found.letter, NotKnownYet)
    assert all(isinstance(score, NotKnownYet) for score in found.scores.values())
    assert (found.flexibility_at, found.room, found.events) == (None, None, ())
    by_id = {each.resource_id: each for each in found.resources}
    assert by_id["bess"].down is not None  # a store's size is in the configuration
    assert by_id["batch"].down is None  # work has to be seen
    assert not (settings.journal_path).exists()


def test_a_meter_that_was_late_and_a_device_that_was_away_cost_observability(site: Site) -> None:
    shown = status(site)
    shown["attendance"] = {
        "since": MORNING.isoformat(),
        "step_count": 100,
        "metered_count": 97,
        "healthy_count": {"bess": 100, "ups": 40},
    }
    score = report(site, status=shown).scores["observability"]
    assert score == Known(0.4, 100, "ups answered in good health")
    shown["attendance"]["healthy_count"]["ups"] = 100
    assert report(site, status=shown).scores["observability"] == Known(
        0.97, 100, "readings that came on time"
    )


def test_readings_that_cannot_be_cost_measurability(site: Site) -> None:
    shown = status(site)
    before = report(site).scores["measurability"]
    shown["meter"]["absurd_count"] = shown["attendance"]["step_count"]
    after = report(site, status=shown).scores["measurability"]
    assert isinstance(before, Known)
    assert before.ratio > 0.9
    assert isinstance(after, Known)
    assert after.ratio == 0.0


def test_what_resources_can_do_is_found_anew_once_an_hour(site: Site) -> None:
    book, units = FlexibilityBook(), list(site.agent.units.values())
    first = book.document(site.settings, units, STEP, MORNING)
    assert book.document(site.settings, units, STEP, MORNING + 11 * STEP) is first
    later = book.document(site.settings, units, STEP, MORNING + 12 * STEP)
    assert later["at"] == (MORNING + 12 * STEP).isoformat()
    fewer = book.document(site.settings, units[1:], STEP, MORNING + 13 * STEP)
    assert len(fewer["resources"]) == len(units) - 1


def test_a_damaged_status_is_refused(site: Site) -> None:
    shown = status(site)
    del shown["flexibility"]["resources"][0]["down"]["p_max_kw"]
    with pytest.raises(InvalidInput, match="p_max_kw"):
        flexibility_from(shown["flexibility"])


def test_what_was_cancelled_or_outranked_tells_nothing(site: Site) -> None:
    files = files_of(site)
    kept = history(site)
    name = next(iter(files.answers))
    for answer, count in (("OUTRANKED", 0), ("MAINTENANCE", 0), ("DEVICE_FAULT", 1), ("LOCAL_VETO", 1)):
        ended = {name: replace(files.answers[name], state="ABORTED", reason=answer)}
        found = event_responses(replace(files, answers=ended), kept, site.now, ResponseChoices())
        assert len(found) == count, answer
    files.memory.plan.cancel("events/peak", "instructions/other", 1)
    assert event_responses(files, kept, site.now, ResponseChoices()) == ()


def test_an_event_without_a_baseline_is_named_and_not_scored(site: Site) -> None:
    files = files_of(site)
    (item,) = files.memory.plan.items.values()
    item.instruction = replace(item.instruction, baseline_kw=())
    (found,) = event_responses(files, history(site), site.now, ResponseChoices())
    assert (found.response, found.remark) == (None, "its baseline was never told")


@pytest.fixture
def journal(site: Site) -> Iterator[Path]:
    """The site's journal, put back afterwards as it was."""
    path = site.settings.journal_path
    whole = path.read_bytes()
    yield path
    path.write_bytes(whole)


def test_a_journal_that_is_being_written_is_read_up_to_its_last_line(site: Site, journal: Path) -> None:
    journal.write_bytes(journal.read_bytes() + b'{"kind":"status","numb')
    files = files_of(site)
    assert len(files.answers) == 1
    assert journal.read_bytes().endswith(b'"numb')  # nothing was cut off: the agent owns it
    assert math.isfinite(sum(kw for span in files.metered for kw in span.net_kw))


def test_commands_that_failed_are_counted_once_each(site: Site, journal: Path) -> None:
    entry = {
        "kind": "action",
        "resource_id": "ups",
        "reduction_kw": 5.0,
        "increase_kw": 0.0,
        "recovery_limit_kw": None,
        "outcome": "failed",
        "detail": "",
    }
    lines = [{**entry, "at": (MORNING + n * STEP).isoformat()} for n in (1, 1, 2)]
    with journal.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    assert files_of(site).failed_commands == {"ups": 2}
