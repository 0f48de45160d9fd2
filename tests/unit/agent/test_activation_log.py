"""What came of events is noted while it is known, and outlives the journal's own entries."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import EVENING, MORNING, STEP, Site, connected, instruction, start_site, write_site

from vpp.agent.activation_desk import READINGS_WITHIN, ActivationDesk
from vpp.agent.activation_log import KEPT, ActivationLog
from vpp.agent.local_files import read_local_files
from vpp.agent.meter_history import no_history
from vpp.agent.site_report import site_report
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.site_grade import NotKnownYet
from vpp.flexibility.yearly_flexibility import Activation, FlexibilityTotals
from vpp.foundation.interval import Interval

DAY = timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path), EVENING - timedelta(hours=1))) as running:
        yield running


def play(site: Site, hours: int) -> None:
    """Let time pass as the runner does: after each control step, note what is over."""
    desk = ActivationDesk(site.agent)
    for _ in range(hours * 12):
        site.run_until(site.now + STEP)
        desk.note(site.now)


def told(site: Site, modification: int = 0, target_kw: float = 300.0) -> None:
    baseline_kw = site.natural_kw(EVENING, 4)
    site.deliver(instruction=instruction([target_kw] * 4, modification=modification, baseline_kw=baseline_kw))


def test_an_event_is_noted_once_with_what_the_meter_showed(site: Site) -> None:
    told(site)
    play(site, 3)
    log = site.agent.memory.local.activations
    (noted,) = log.by_event.values()
    natural, metered = site.natural_kw(EVENING, 4), site.metered_kw(EVENING, 4)
    saved_kwh = sum(before - now for before, now in zip(natural, metered, strict=True)) / 4
    assert noted.changed_kwh == pytest.approx(saved_kwh)
    assert noted.span == Interval(EVENING, EVENING + timedelta(hours=1))
    kinds = [entry["kind"] for entry in site.journal.entries()]
    assert kinds.count("activation") == 1


def test_an_event_that_a_process_before_the_last_restart_served_is_noted(site: Site) -> None:
    told(site)
    site.run_until(EVENING + timedelta(hours=2))
    with site.restart() as again:
        ActivationDesk(again.agent).note(again.now)
        assert set(again.agent.memory.local.activations.by_event) == {"events/peak"}


def test_readings_that_come_late_are_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told(site)
    site.run_until(EVENING + timedelta(hours=2))
    desk, log = ActivationDesk(site.agent), site.agent.memory.local.activations
    meter = site.agent.steering.meter
    whole = meter.since(meter.begin)
    begin = int((EVENING - meter.begin) / STEP)
    partly = np.array(whole)
    partly[begin + 3 :] = np.nan
    monkeypatch.setattr(type(meter), "since", lambda *_: partly)
    desk.note(site.now)
    assert log.by_event == {}
    desk.note(EVENING + timedelta(hours=1) + READINGS_WITHIN)  # they will not come any more
    few = log.by_event.pop("events/peak").changed_kwh
    monkeypatch.setattr(type(meter), "since", lambda *_: whole)
    desk.note(site.now)
    assert log.by_event["events/peak"].changed_kwh > 2.0 * few


def test_of_an_event_that_was_changed_the_last_word_counts(site: Site) -> None:
    told(site, target_kw=300.0)
    play(site, 0)
    told(site, modification=1, target_kw=500.0)
    play(site, 3)
    (noted,) = site.agent.memory.local.activations.by_event.values()
    assert noted.changed_kwh == pytest.approx(500.0, rel=0.05)


def test_what_was_refused_is_no_activation(site: Site) -> None:
    site.agent.memory.plan.cancel("events/peak", "instructions/peak-m0-site-001", 0)
    told(site)
    play(site, 3)
    assert site.agent.memory.local.activations.by_event == {}


def test_it_outlives_the_journals_other_entries(site: Site) -> None:
    told(site)
    play(site, 3)
    before = site.agent.memory.local.activations
    entries = list(site.agent.memory.local.snapshot(site.now + 100 * DAY))
    assert [each["kind"] for each in entries].count("activation") == 1
    assert list(before.snapshot(site.now + KEPT + DAY)) == [before.begin_entry(before.since or MORNING)]
    with site.restart() as again:
        assert again.agent.memory.local.activations == before


def test_a_year_of_notes_gives_yearly_figures(site: Site) -> None:
    log = ActivationLog()
    since = MORNING - 380 * DAY
    entries = [log.begin_entry(since)]
    for day in (370, 200, 3):
        start = MORNING - day * DAY
        used = Activation(Interval(start, start + timedelta(hours=2)), FlexDirection.LOAD_DOWN, 10.0 * day)
        entries.append(log.entry(f"events/e{day}", used))
    site.agent.memory.record_together(entries)
    site.journal.sync()
    files = read_local_files(site.settings, None, site.now)
    found = site_report(
        site.settings, files, no_history(MORNING, STEP), now=MORNING, since=MORNING - 10 * DAY, until=MORNING
    )
    assert found.year == FlexibilityTotals(2, 4.0, 2030.0, 0.0)
    assert found.seen == FlexibilityTotals(1, 2.0, 30.0, 0.0)
    early = site_report(
        site.settings,
        files,
        no_history(MORNING, STEP),
        now=MORNING,
        since=MORNING - 40 * DAY,
        until=MORNING - 30 * DAY,
    )
    assert isinstance(early.year, NotKnownYet)
