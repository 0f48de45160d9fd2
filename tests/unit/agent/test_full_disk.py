"""On a full disk the site keeps what it agreed to, promises nothing new, and recovers by itself."""

import errno
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.agent_site import (
    EVENING,
    STEP,
    Site,
    connected,
    delivery,
    held,
    instruction,
    invitation,
    start_site,
    statuses,
    welcome,
    write_site,
)

from vpp.agent.journal import Entry, Journal
from vpp.agent.plan import Phase

HOUR = timedelta(hours=1)


class Disk:
    """The journal on a disk that runs full, and that may forget what it was told to keep.

    Attributes:
        room: Entries that still fit; None for as many as come.
        fails_to_sync: Whether the next wait for the disk fails.
    """

    def __init__(self, journal: Journal) -> None:
        self.room: int | None = None
        self.fails_to_sync = False
        self.is_doubtful = False
        self.compactions = 0
        self._journal = journal

    def append(self, entry: Entry) -> None:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "no space left on device")
        if self.room is not None:
            self.room -= 1
        self._journal.append(entry)

    def sync(self) -> None:
        if self.fails_to_sync:
            self.fails_to_sync, self.is_doubtful = False, True
            raise OSError(errno.EIO, "input/output error")
        self._journal.sync()

    def compact(self, entries: Iterable[Entry]) -> None:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "no space left on device")
        self._journal.compact(entries)
        self.is_doubtful = False
        self.compactions += 1


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        yield running


@pytest.fixture
def disk(site: Site) -> Disk:
    found = Disk(site.journal)
    site.agent.memory.journal = found  # type: ignore[assignment]  # it has what the memory uses
    return found


def test_what_cannot_be_kept_is_not_held_and_comes_again(site: Site, disk: Disk) -> None:
    disk.room = 0
    with pytest.raises(OSError, match="no space"):
        site.deliver(instruction=instruction([5.0]))
    assert site.agent.memory.plan.items == {}
    assert site.agent.memory.deliveries.held == 0
    disk.room = None
    again = site.agent.receive(delivery(1, instruction=instruction([5.0])), site.now)
    assert held(again) == [1]
    assert statuses(again) == [("ACCEPTED", "UNSPECIFIED")]


def test_an_answer_that_cannot_be_kept_is_not_given(site: Site, disk: Disk) -> None:
    message = instruction([5.0])
    disk.room = 1
    with pytest.raises(OSError, match="no space"):
        site.deliver(instruction=message)
    site.agent.lost()
    with site.restart() as again:
        assert again.agent.memory.plan.items[message.name].phase is Phase.NEW
        again.agent.hello(again.now)
        told = again.agent.receive(welcome(again.now), again.now)
        assert ("ACCEPTED", "UNSPECIFIED") in statuses(told)


def test_an_invitation_is_held_with_its_bids_or_not_at_all(site: Site, disk: Disk) -> None:
    disk.room = 1
    site.deliver(invitation=invitation())
    with site.restart() as again:
        assert again.agent.memory.deliveries.held == 1
        assert len(again.agent.due_bids(again.now)) > 1


def test_what_was_agreed_is_delivered_and_ends_on_time_and_is_told_afterwards(site: Site, disk: Disk) -> None:
    site.deliver(instruction=instruction([30.0] * 4))
    site.run_until(EVENING - STEP)
    disk.room = 0
    assert statuses(site.run_until(EVENING + HOUR + STEP)) == []
    natural_kw, metered_kw = site.natural_kw(EVENING, 4), site.metered_kw(EVENING, 4)
    assert min(a - b for a, b in zip(natural_kw[1:], metered_kw[1:], strict=True)) > 20.0
    end = EVENING + HOUR
    assert site.metered_kw(end, 1, STEP)[0] > site.natural_kw(end, 1, STEP)[0] - 5.0
    disk.room = None
    told = statuses(site.run_until(site.now + STEP))
    assert [state for state, _ in told] == ["ACCEPTED", "STARTED", "COMPLETED"]
    begun, over = (status.at for status in list(site.agent.memory.outbox.statuses.values())[1:])
    assert (begun, over) == (EVENING, site.now)


def test_an_agent_that_starts_after_the_end_does_not_claim_to_have_delivered(site: Site) -> None:
    site.deliver(instruction=instruction([30.0] * 4))
    with site.restart(EVENING + 2 * HOUR) as again:
        connected(again)
        assert ("ABORTED", "RESOURCE_UNAVAILABLE") in statuses(again.run_until(again.now + STEP))


def test_what_must_stop_stops_although_that_cannot_be_written_down(tmp_path: Path) -> None:
    with connected(start_site(write_site(tmp_path))) as site:
        site.deliver(instruction=instruction([30.0] * 4))
        site.run_until(EVENING + 3 * STEP)
    work = {"start": EVENING + 4 * STEP, "end": EVENING + 8 * STEP}  # found necessary in mid-event
    with start_site(write_site(tmp_path, maintenance=[work]), site.now) as site:
        disk = Disk(site.journal)
        site.agent.memory.journal = disk  # type: ignore[assignment]  # it has what the memory uses
        disk.room = 0
        assert statuses(site.run_until(EVENING + 10 * STEP)) == []
        after = EVENING + 5 * STEP  # reduces no more, neither during the work nor after it
        reduced = zip(site.natural_kw(after, 5, STEP), site.metered_kw(after, 5, STEP), strict=True)
        assert max(natural - metered for natural, metered in reduced) < 5.0
        disk.room = None
        connected(site)
        assert statuses(site.run_until(site.now + STEP))[-1:] == [("ABORTED", "MAINTENANCE")]


def test_statuses_that_were_kept_before_the_disk_ran_full_are_told_when_there_is_room(
    site: Site, disk: Disk
) -> None:
    site.deliver(instruction=instruction([30.0] * 4))
    site.deliver(instruction=instruction([20.0] * 4, event="events/other"))
    site.run_until(EVENING - STEP)
    disk.room = 1
    assert statuses(site.run_until(EVENING)) == []
    disk.room = None
    told = [state for state, _ in statuses(site.run_until(EVENING + STEP))]
    assert sorted(told) == ["ACCEPTED", "ACCEPTED", "STARTED", "STARTED"]


def test_a_disk_that_does_not_confirm_is_written_anew_before_anything_is_acknowledged(
    site: Site, disk: Disk
) -> None:
    disk.fails_to_sync = True
    assert held(site.deliver(instruction=instruction([5.0]))) == [1]
    assert disk.compactions == 1


def test_nothing_is_acknowledged_while_the_disk_neither_confirms_nor_takes_more(
    site: Site, disk: Disk
) -> None:
    disk.fails_to_sync, disk.room = True, 2
    with pytest.raises(OSError, match="no space"):
        site.deliver(instruction=instruction([5.0]))
    with pytest.raises(OSError, match="no space"):  # not even by the Hello that resumes
        site.agent.hello(site.now)
    disk.room = None
    assert site.agent.hello(site.now).hello.resume_sequence == 1


def test_a_clock_that_was_set_back_while_the_agent_was_down_delivers_nothing_until_the_hub_agrees(
    site: Site,
) -> None:
    site.deliver(instruction=instruction([30.0] * 8))
    site.run_until(EVENING + HOUR)
    with site.restart(EVENING + 6 * STEP) as again:  # it was down for hours, and shows half an hour ago
        seen = EVENING + HOUR + 3 * STEP
        assert statuses(again.run_until(seen + STEP)) == []
        assert again.metered_kw(seen, 1, STEP)[0] > again.natural_kw(seen, 1, STEP)[0] - 5.0
        again.agent.hello(again.now)
        again.agent.receive(welcome(again.now + 5 * HOUR), again.now)
        assert statuses(again.run_until(again.now + STEP)) == []
        again.now = EVENING + 6 * HOUR  # somebody sets the clock right
        again.agent.hello(again.now)
        again.agent.receive(welcome(again.now), again.now)
        assert statuses(again.run_until(again.now + STEP)) == [("COMPLETED", "UNSPECIFIED")]
