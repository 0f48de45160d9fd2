"""Orders of people at the site: files in a private folder that take effect once and survive a restart."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agent_site import (
    EVENING,
    MORNING,
    STEP,
    Site,
    connected,
    instruction,
    invitation,
    start_site,
    statuses,
    write_site,
)

from vpp.agent.local_desk import LocalDesk
from vpp.agent.local_order import LocalOrder, OrderKind, order_of
from vpp.agent.mode import Mode
from vpp.agent.order_folder import OrderFolder
from vpp.foundation.errors import InvalidInput, NotPermitted

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Person:
    """Somebody at a site's terminal."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.folder = OrderFolder(site.settings.journal_path)
        self.desk = LocalDesk(site.agent, self.folder)
        self.count = 0

    def order(self, kind: OrderKind, subject: str, **fields: object) -> LocalOrder:
        self.count += 1
        values: dict[str, object] = {"made_at": self.site.now, "made_by": "kim", **fields}
        return LocalOrder(f"o{self.count}-{self.site.now:%H%M%S}", kind, subject, **values)  # type: ignore[arg-type]  fields by name

    def leaves(self, kind: OrderKind, subject: str, **fields: object) -> str:
        """Leave an order, let the agent look, and return its answer or why it does not follow."""
        order = self.order(kind, subject, **fields)
        self.folder.leave(order)
        self.desk.attend(self.site.now)
        answer = self.folder.answer_to(order.order_id)
        assert answer is not None
        return str(answer["problem"] or answer["answer"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        yield running


@pytest.fixture
def person(site: Site) -> Person:
    return Person(site)


def asks(site: Site, mode: Mode) -> Site:
    operation = site.settings.operation.model_copy(update={"mode": mode})
    site.settings = site.settings.model_copy(update={"operation": operation})
    return connected(site.restart())


def test_a_veto_ends_what_runs_at_once_and_refuses_what_comes(site: Site, person: Person) -> None:
    site.deliver(instruction=instruction([100.0] * 8))
    site.run_until(EVENING + STEP)
    assert person.leaves(OrderKind.VETO, "site") == "no to site stands until it is allowed"
    assert statuses(site.agent.control(site.now)) == [("ABORTED", "LOCAL_VETO")]
    assert all(not each.is_active for each in site.agent.memory.local.actions.newest.values())
    later = instruction([100.0], event="events/later", start=EVENING + 3 * HOUR)
    assert statuses(site.deliver(instruction=later)) == [("REFUSED", "LOCAL_VETO")]
    assert person.leaves(OrderKind.ALLOW, "site") == "site is allowed"
    again = instruction([100.0], event="events/again", start=EVENING + 3 * HOUR)
    assert statuses(site.deliver(instruction=again)) == [("ACCEPTED", "UNSPECIFIED")]


def test_a_vetoed_resource_is_let_go_and_the_others_take_over(site: Site, person: Person) -> None:
    site.deliver(instruction=instruction([300.0] * 8))
    site.run_until(EVENING + STEP)
    [busy, *_] = [each.resource_id for each in site.agent.memory.local.actions.held()]
    person.leaves(OrderKind.VETO, f"resources/{busy}")
    site.run_until(site.now + STEP)
    held = [each.resource_id for each in site.agent.memory.local.actions.held()]
    assert busy not in held
    assert held
    assert statuses(site.run_until(EVENING + 2 * HOUR)) == [("COMPLETED", "UNSPECIFIED")]


def test_orders_stand_after_a_restart_and_have_their_effect_once(site: Site, person: Person) -> None:
    order = person.order(OrderKind.VETO, "events/peak*")
    person.folder.leave(order)
    person.desk.attend(site.now)
    person.leaves(OrderKind.MODE, "confirm")
    person.leaves(OrderKind.ALLOW, "events/peak*")
    with connected(site.restart()) as again:
        assert again.agent.settings.operation.mode is Mode.CONFIRM
        assert again.agent.settings.limits.vetoed_events == ()
        other = Person(again)
        other.folder.leave(order)  # the file that a kill left behind
        other.desk.attend(again.now)
        assert again.agent.settings.limits.vetoed_events == ()
        answer = other.folder.answer_to(order.order_id)
        assert answer is not None
        assert "before" in answer["answer"]
        assert list(other.folder.found()) == []


def test_orders_stand_after_the_journal_was_shortened(site: Site, person: Person) -> None:
    person.leaves(OrderKind.VETO, "resources/bess")
    with site.restart() as again, again.restart() as once_more:
        assert once_more.agent.settings.limits.vetoed_resources == ("bess",)


def test_an_order_that_the_configuration_outranks_is_refused(tmp_path: Path) -> None:
    with connected(start_site(write_site(tmp_path, limits__site_vetoed=True))) as site:
        answer = Person(site).leaves(OrderKind.ALLOW, "site")
        assert "only a change of it can allow" in answer


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        (OrderKind.VETO, "resources/flywheel", "no resource flywheel"),
        (OrderKind.ALLOW, "events/never-vetoed", "no veto of events/never-vetoed stands"),
        (OrderKind.CONFIRM, "events/nothing", "nothing called events/nothing waits"),
        (OrderKind.STOP_TEST, "test", "no test runs"),
    ],
)
def test_an_order_that_means_nothing_is_answered_so(
    person: Person, kind: OrderKind, subject: str, said: str
) -> None:
    assert said in person.leaves(kind, subject)


def test_an_order_that_waited_too_long_is_not_taken_up(person: Person) -> None:
    assert "expired" in person.leaves(OrderKind.VETO, "site", expires_at=MORNING)
    assert "days ago" in person.leaves(OrderKind.VETO, "site", made_at=MORNING - timedelta(days=8))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"order_id": 1', b"\xff\xfe", b"x" * 5000],
    ids=["empty", "no-object", "no-fields", "torn", "no-text", "long"],
)
def test_nonsense_in_the_folder_is_set_aside(site: Site, person: Person, content: bytes) -> None:
    person.folder.prepare()
    path = person.folder.path / "o1.json"
    path.write_bytes(content)
    assert person.desk.attend(site.now) is False
    assert not path.exists()
    assert path.with_suffix(".refused").exists()


def test_what_others_could_have_written_is_not_followed(site: Site, person: Person) -> None:
    order = person.order(OrderKind.VETO, "site")
    person.folder.leave(order)
    path = person.folder.path / f"{order.order_id}.json"
    path.chmod(0o622)
    person.desk.attend(site.now)
    assert not site.agent.settings.limits.site_vetoed
    answer = person.folder.answer_to(order.order_id)
    assert answer is not None
    assert "expected none but its owner" in answer["problem"]


def test_a_folder_that_others_may_write_takes_and_gives_no_orders(site: Site, person: Person) -> None:
    order = person.order(OrderKind.VETO, "site")
    person.folder.leave(order)
    person.folder.path.chmod(0o777)
    person.desk.attend(site.now)
    assert not site.agent.settings.limits.site_vetoed
    with pytest.raises(NotPermitted, match="expected none but its owner"):
        person.folder.leave(person.order(OrderKind.VETO, "site"))


def test_a_link_is_no_order(site: Site, person: Person, tmp_path: Path) -> None:
    order = person.order(OrderKind.VETO, "site")
    real = tmp_path / "elsewhere.json"
    real.write_text(json.dumps(order.document()))
    person.folder.prepare()
    (person.folder.path / f"{order.order_id}.json").symlink_to(real)
    person.desk.attend(site.now)
    assert not site.agent.settings.limits.site_vetoed


def test_a_veto_acts_although_the_disk_is_full_and_is_kept_when_it_can_be(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    order = person.order(OrderKind.VETO, "site")
    person.folder.leave(order)
    with monkeypatch.context() as disk:
        disk.setattr(site.journal, "append", full)
        assert person.desk.attend(site.now) is True
        assert person.desk.attend(site.now) is False
    assert site.agent.settings.limits.site_vetoed
    assert person.folder.answer_to(order.order_id) is None
    person.desk.attend(site.now)
    assert person.folder.answer_to(order.order_id) is not None
    with site.restart() as again:
        assert again.agent.settings.limits.site_vetoed


def test_files_are_the_owners_alone(person: Person) -> None:
    order = person.order(OrderKind.VETO, "site")
    person.folder.leave(order)
    assert person.folder.path.stat().st_mode & 0o777 == 0o700
    assert (person.folder.path / f"{order.order_id}.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "dance"},
        {"order_id": "../up"},
        {"subject": ""},
        {"subject": "a\nb"},
        {"made_at": "2026-03-04T12:00:00"},
        {"more": 1},
        {"kind": "mode", "subject": "sometimes"},
        {"kind": "test", "kw": float("nan")},
        {"kind": "test", "kw": 5.0, "duration_s": -1.0},
        {"kind": "test", "kw": 5.0, "duration_s": 1e9},
    ],
)
def test_an_order_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    document = LocalOrder("o1", OrderKind.VETO, "site", NOON).document()
    with pytest.raises(InvalidInput):
        order_of({**document, **change})


# --- who decides ---


def test_in_confirm_mode_an_instruction_waits_for_a_person(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        person = Person(running)
        assert statuses(running.deliver(instruction=instruction([100.0] * 8))) == []
        assert statuses(running.run_until(running.now + STEP)) == []
        assert "is noted" in person.leaves(OrderKind.CONFIRM, "events/peak")
        assert statuses(running.agent.control(running.now)) == [("ACCEPTED", "UNSPECIFIED")]
        assert statuses(running.run_until(EVENING)) == [("STARTED", "UNSPECIFIED")]


def test_nobody_confirms_in_time(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.deliver(instruction=instruction([100.0] * 8))
        told = statuses(running.run_until(running.now + timedelta(minutes=15)))
        assert told == [("REFUSED", "NOT_CONFIRMED")]
        assert statuses(running.run_until(EVENING + 3 * HOUR)) == []


def test_the_start_of_delivery_is_the_last_moment_to_confirm(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.run_until(EVENING - STEP)
        running.deliver(instruction=instruction([100.0] * 8))
        assert statuses(running.run_until(EVENING)) == [("REFUSED", "NOT_CONFIRMED")]


def test_a_person_may_decline(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        message = instruction([100.0] * 8)
        running.deliver(instruction=message)
        Person(running).leaves(OrderKind.DECLINE, message.name)
        assert statuses(running.agent.control(running.now)) == [("REFUSED", "LOCAL_VETO")]


def test_what_cannot_be_is_refused_without_asking_anybody(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        over = instruction([50.0], start=running.now - timedelta(minutes=15))
        assert statuses(running.deliver(instruction=over)) == [("REFUSED", "EXPIRED")]


def test_a_modification_needs_no_second_yes_up_to_what_was_confirmed(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.deliver(instruction=instruction([100.0] * 8))
        Person(running).leaves(OrderKind.CONFIRM, "events/peak")
        running.run_until(EVENING + STEP)
        less = running.deliver(instruction=instruction([60.0] * 8, modification=1))
        assert statuses(less) == [("ACCEPTED", "UNSPECIFIED")]
        running.run_until(EVENING + 2 * STEP)
        more = running.deliver(instruction=instruction([150.0] * 8, modification=2))
        [status] = [each.instruction_status for each in more if each.HasField("instruction_status")]
        assert statuses(more) == [("PARTIAL", "NOT_CONFIRMED")]
        assert status.accepted_reduction_kw == 60.0


def test_a_yes_to_an_event_is_none_to_what_comes_of_it_later(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.deliver(instruction=instruction([100.0] * 8))
        Person(running).leaves(OrderKind.DECLINE, "events/peak")
        running.agent.control(running.now)
        running.run_until(running.now + STEP)
        assert statuses(running.deliver(instruction=instruction([50.0] * 8, modification=1))) == []


def test_a_yes_given_before_a_modification_came_is_none_to_it(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.deliver(instruction=instruction([10.0] * 8))
        person = Person(running)
        order = person.order(OrderKind.CONFIRM, "events/peak")
        running.run_until(running.now + STEP)
        running.deliver(instruction=instruction([200.0] * 8, modification=1))
        person.folder.leave(order)  # it lay there before, and is only found now
        person.desk.attend(running.now)
        assert "nothing called events/peak waits" in str(person.folder.answer_to(order.order_id))
        assert statuses(running.agent.control(running.now)) == []
        assert "is noted" in person.leaves(OrderKind.CONFIRM, "events/peak")
        assert statuses(running.agent.control(running.now)) == [("ACCEPTED", "UNSPECIFIED")]


def test_nobody_waits_for_a_person_longer_than_promised(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.run_until(running.now + STEP)
        running.now += timedelta(minutes=1)
        running.deliver(instruction=instruction([100.0] * 8))
        desk = Person(running).desk
        by = running.now + timedelta(minutes=15)
        assert desk.due_answers(by - timedelta(seconds=1)) == []
        assert statuses(desk.due_answers(by)) == [("REFUSED", "NOT_CONFIRMED")]
        running.now = by
        assert "nothing called" in Person(running).leaves(OrderKind.CONFIRM, "events/peak")


def test_a_yes_in_time_counts_although_it_is_found_a_little_later(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.deliver(instruction=instruction([100.0] * 8))
        person = Person(running)
        running.now += timedelta(minutes=15) - timedelta(seconds=1)
        person.folder.leave(person.order(OrderKind.CONFIRM, "events/peak"))
        running.now += timedelta(seconds=2)
        person.desk.attend(running.now)
        assert statuses(person.desk.due_answers(running.now)) == [("ACCEPTED", "UNSPECIFIED")]


def test_a_waiting_instruction_waits_on_after_a_restart(site: Site) -> None:
    with asks(site, Mode.CONFIRM) as running:
        running.deliver(instruction=instruction([100.0] * 8))
        running.run_until(running.now + STEP)
        with connected(running.restart()) as again:
            assert statuses(again.agent.control(again.now)) == []
            Person(again).leaves(OrderKind.CONFIRM, "events/peak")
            assert statuses(again.agent.control(again.now)) == [("ACCEPTED", "UNSPECIFIED")]


@pytest.mark.parametrize(("mode", "sent"), [(Mode.AUTO, True), (Mode.CONFIRM, True), (Mode.MANUAL, False)])
def test_in_manual_mode_bids_wait_for_a_person(site: Site, mode: Mode, sent: bool) -> None:  # noqa: FBT001  a parameter
    with asks(site, mode) as running:
        running.deliver(invitation=invitation())
        assert bool(running.agent.due_bids(running.now)) is sent
        if not sent:
            Person(running).leaves(OrderKind.CONFIRM, "auctions/peak")
            assert running.agent.due_bids(running.now)


def test_a_declined_auction_gets_no_bids(site: Site) -> None:
    site.deliver(invitation=invitation())
    assert site.agent.due_bids(site.now)
    Person(site).leaves(OrderKind.DECLINE, "auctions/peak")
    assert site.agent.due_bids(site.now) == []


def test_what_was_agreed_goes_on_when_the_mode_changes(site: Site, person: Person) -> None:
    site.deliver(instruction=instruction([100.0] * 8))
    site.run_until(EVENING)
    person.leaves(OrderKind.MODE, "manual")
    assert statuses(site.run_until(EVENING + 2 * HOUR)) == [("COMPLETED", "UNSPECIFIED")]
