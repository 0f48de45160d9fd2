"""Settlement runs: what changes is booked once, whoever asks how often, and whatever comes between."""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import pytest
from sqlalchemy import text
from support.market import (
    EVENING,
    FIVE,
    NOON,
    RULES,
    Market,
    agent_of,
    content_of,
    make_enrolled_market,
    market_copied,
)
from support.settled_evening import clear_evening, deliver, settle_evening

from vpp.dispatch.event import EventState
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import InvalidInput, Overloaded, WrongState
from vpp.hub.inline_pool import InlinePool
from vpp.settlement.run_type import RunType
from vpp.settlement.version_calendar import VersionCalendar, dispute_deadline
from vpp.storage.engine import make_engine
from vpp.storage.migrate import downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.due_settlements import settle_due
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ingesting import backfill
from vpp.workflows.needed_readings import needed_since
from vpp.workflows.ports import Due, DueKind, UnitOfWork
from vpp.workflows.settlement_dues import look_at_settlements, owe_settlement_look
from vpp.workflows.settlement_outcome import RunOutcome
from vpp.workflows.settlement_rules import SettlementRules
from vpp.workflows.settlement_terms import terms_of
from vpp.workflows.settling import run_settlement
from vpp.workflows.viewing_results import list_statements
from vpp.workflows.visibility import PageRequest

PERIOD = "2026-03"
APRIL = datetime(2026, 4, 2, 1, tzinfo=UTC)
PARTIES = ("grid", "hub", "owner-north-1", "owner-north-2")


@cache
def _measured_file() -> bytes:
    with TemporaryDirectory() as folder:
        market = make_enrolled_market(Path(folder))
        clear_evening(market)
        market.advance(EVENING.end + RULES.measurement_allowance)
        market.units.close()
        return content_of(Path(folder))


@cache
def _settled_file() -> bytes:
    with TemporaryDirectory() as folder:
        market = make_enrolled_market(Path(folder))
        settle_evening(market, {"north-1": 100.0})
        market.units.close()
        return content_of(Path(folder))


@pytest.fixture
def settled(tmp_path: Path) -> Iterator[Market]:
    """A market some hours after its evening, in which north-1 delivered 100 kW and north-2 said nothing."""
    market = market_copied(tmp_path, _settled_file(), EVENING.end + timedelta(hours=4))
    yield market
    market.units.close()


def settle(market: Market, **changes: Any) -> RunOutcome:  # noqa: ANN401  as the workflow's
    return run_settlement(market.units, changes.pop("rules", RULES), PERIOD, **changes)


def balances(market: Market, until: datetime | None = None) -> dict[str, Decimal]:
    with market.units(write=False) as uow:
        return {account.account_id: amount for account, amount in uow.ledger.balances(until=until)}


def counts(market: Market) -> tuple[int, int, int]:
    """How many runs, entries and statements there are."""
    with market.units(write=False) as uow:
        entries = len(list(uow.ledger.entries(PERIOD)))
        return len(uow.settlement_runs.of_period(PERIOD)), entries, len(uow.statements.heads())


def owed(market: Market) -> list[Due]:
    with market.units(write=False) as uow:
        return [due for due in uow.due.open() if due.kind is DueKind.SETTLEMENT]


def measured(market: Market, reductions_kw: dict[str, float]) -> None:
    """Run an evening up to its measurement."""
    clear_evening(market)
    market.clock.advance_to(EVENING.end)
    deliver(market, reductions_kw)
    market.advance(EVENING.end + RULES.measurement_allowance)
    assert market.event().state is EventState.MEASURED


def test_a_run_says_what_it_did_and_from_what(market: Market) -> None:
    measured(market, {"north-1": 100.0, "north-2": 30.0})
    stages: list[tuple[str, int, int]] = []
    outcome = settle(market, actor="anna", progress=lambda *stage: stages.append(stage))
    run = outcome.run
    assert run is not None
    assert (run.run_id, run.run_type, run.actor) == ("run-2026-03-1", RunType.INITIAL, "anna")
    assert [change.party_id for change in outcome.changes] == list(PARTIES)
    assert sum(change.total for change in outcome.changes) == 0
    assert all(change.total == change.delta for change in outcome.changes)
    assert {stage for stage, *_ in stages} == {"gather", "reckon", "write"}
    with market.units(write=False) as uow:
        assert uow.settlement_runs.get(run.run_id) == run
        assert run.entry_count == len(list(uow.ledger.entries(PERIOD)))
        assert run.statement_ids == tuple(f"{party}-2026-03-v1" for party in PARTIES)
        terms = terms_of(run)
        evidence = list(uow.settlement_runs.evidence(PERIOD))
    assert terms.run.first_settled == {("evening", "north-1"), ("evening", "north-2")}
    assert terms.run.operator_party_ids == {"grid"}
    assert [(one.site_id, one.run_number) for one in evidence] == [("north-1", 1), ("north-2", 1)]
    assert market.event().state is EventState.SETTLED
    assert sum(balances(market).values()) == 0


def test_a_trial_run_writes_nothing_and_says_the_same(market: Market) -> None:
    measured(market, {"north-1": 100.0, "north-2": 30.0})
    trial = settle(market, validate_only=True)
    assert trial.run is None
    assert counts(market) == (0, 0, 0)
    assert market.event().state is EventState.MEASURED
    assert settle(market).changes == trial.changes
    assert settle(market, validate_only=True) == RunOutcome()


def test_the_same_inputs_post_nothing_twice(settled: Market) -> None:
    before = counts(settled)
    settled.clock.advance_to(settled.clock.now() + timedelta(days=1))
    for _ in range(3):
        assert settle(settled) == RunOutcome()
    settle_due(settled.units, RULES, "2026-03/again")
    assert counts(settled) == before


def test_a_late_reading_books_its_difference_alone(settled: Market) -> None:
    first_at, first = settled.clock.now(), balances(settled)
    settled.clock.advance_to(first_at + timedelta(days=1))
    deliver(settled, {"north-2": 50.0})
    outcome = settle(settled)
    assert outcome.run is not None
    assert outcome.run.run_type is RunType.RECALC
    assert [change.party_id for change in outcome.changes] == ["grid", "hub", "owner-north-2"]
    with settled.units(write=False) as uow:
        newer = [entry for entry in uow.ledger.entries(PERIOD) if entry.run_id == outcome.run.run_id]
        kept = [one for one in uow.settlement_runs.evidence(PERIOD) if one.run_number == 2]
    assert {entry.key.site_id for entry in newer} == {"north-2"}
    assert [one.site_id for one in kept] == ["north-2"]
    assert balances(settled, until=first_at) == first
    assert balances(settled)["owner-north-1:site:north-1:GBP"] == first["owner-north-1:site:north-1:GBP"]
    assert balances(settled)["owner-north-2:site:north-2:GBP"] > 0


def test_what_came_later_than_asked_for_is_left_out(settled: Market) -> None:
    then = settled.clock.now()
    settled.clock.advance_to(then + timedelta(days=1))
    deliver(settled, {"north-2": 50.0})
    assert settle(settled, as_of=then) == RunOutcome()
    settled.clock.advance_to(then + timedelta(days=2))
    assert settle(settled, as_of=settled.clock.now()).run is not None
    with pytest.raises(InvalidInput, match=r"expected .* or later: the last run"):
        settle(settled, as_of=then)
    with pytest.raises(InvalidInput, match="expected an instant that is over"):
        settle(settled, as_of=settled.clock.now() + timedelta(seconds=1))


def test_the_final_run_writes_to_everybody_and_closes_the_month(settled: Market) -> None:
    with pytest.raises(WrongState, match="run type is FINAL, but 2026-03 is not over everywhere"):
        settle(settled, run_type=RunType.FINAL)
    settled.clock.advance_to(APRIL)
    final = settle(settled, run_type=RunType.FINAL)
    assert final.run is not None
    assert final.run.entry_count == 0
    assert [(change.party_id, change.version) for change in final.changes] == [
        ("grid", 2),
        ("hub", 2),
        ("owner-north-1", 2),
        ("owner-north-2", 2),
    ]
    for asked in (RunType.INITIAL, RunType.RECALC, RunType.FINAL):
        with pytest.raises(WrongState, match="has its final version: only ADJUSTMENT may follow"):
            settle(settled, run_type=asked)
    deliver(settled, {"north-2": 50.0})
    noted = settle(settled)
    assert noted.run is None
    assert noted.notes == (
        "what is known of 1 sites has changed after the final version and is not settled: north-2",
    )


@pytest.mark.parametrize("asked", [RunType.RECALC, RunType.ADJUSTMENT])
def test_nothing_follows_nothing(market: Market, asked: RunType) -> None:
    measured(market, {"north-1": 100.0})
    with pytest.raises(WrongState, match=f"run type is {asked.name}, but 2026-03 has not been settled"):
        settle(market, run_type=asked)
    settle(market)
    with pytest.raises(WrongState, match="run type is INITIAL, but 2026-03 has been settled before"):
        settle(market, run_type=RunType.INITIAL)


@pytest.mark.parametrize("period", ["2026-3", "2026-13", "../2026", "2026-03\n", ""])
def test_a_period_is_a_month(market: Market, period: str) -> None:
    with pytest.raises(InvalidInput, match="expected YYYY-MM"):
        run_settlement(market.units, RULES, period)


def test_estimates_count_the_first_time_and_not_again(market: Market) -> None:
    clear_evening(market)
    market.clock.advance_to(EVENING.end)
    deliver(market, {"north-1": 100.0})
    load = np.full(int((EVENING.end - NOON) / FIVE), 1000.0)
    load[int((EVENING.start - NOON) / FIVE) :] -= 50.0
    estimated = TelemetryBatch("north-2", 1000, NOON, FIVE, load, MeterQuality.ESTIMATED)
    backfill(market.units, agent_of("north-2"), "north-2", [estimated])
    market.advance(EVENING.end + timedelta(hours=4))
    account = "owner-north-2:site:north-2:GBP"
    assert balances(market)[account] > 0
    market.clock.advance_to(market.clock.now() + timedelta(days=1))
    assert settle(market).run is None  # the very same inputs: nothing is taken back for asking
    market.meter("north-1", 3000, EVENING.start, np.full(12, 910.0))
    late = settle(market)
    assert late.run is not None
    assert balances(market)[account] == 0


def test_of_two_that_ask_at_once_one_finds_nothing_to_do(market: Market) -> None:
    measured(market, {"north-1": 100.0, "north-2": 50.0})
    others = [None]
    outcomes: list[RunOutcome] = []

    def units(*, write: bool = True) -> UnitOfWork:
        if write and others:  # the other one writes between this one's reading and its writing
            others.clear()
            outcomes.append(settle(market))
        return market.units(write=write)

    mine = run_settlement(units, RULES, PERIOD)
    assert outcomes[0].run is not None
    assert mine == RunOutcome()
    assert counts(market)[0] == 1


def test_statements_and_balances_as_of_an_instant_belong_together(market: Market) -> None:
    measured(market, {"north-1": 100.0, "north-2": 50.0})

    def units(*, write: bool = True) -> UnitOfWork:
        if write:  # reckoning has taken a minute
            market.clock.advance_to(market.clock.now() + timedelta(minutes=1))
        return market.units(write=write)

    run = run_settlement(units, RULES, PERIOD).run
    assert run is not None
    officer = Principal("officer", "hub", None, frozenset({Role.SETTLEMENT_OFFICER}))
    for before, count in ((timedelta(0), 4), (timedelta(microseconds=1), 0)):
        at = run.created_at - before
        page = list_statements(market.units, officer, PageRequest(), as_of=at)
        assert len(page.items) == count
        assert bool(balances(market, until=at)) is bool(count)


def test_a_decision_that_comes_meanwhile_is_followed(market: Market) -> None:
    measured(market, {"north-1": 100.0, "north-2": 50.0})
    changes = [0]

    def units(*, write: bool = True) -> UnitOfWork:
        if write and changes[0] < 9:
            changes[0] += 1
            with market.units() as uow:
                stored = uow.events.get("evening")
                assert stored is not None
                uow.events.update("evening", stored.value, revision=stored.revision)
                uow.commit()
        return market.units(write=write)

    with pytest.raises(WrongState, match="what 2026-03 rests on keeps changing"):
        run_settlement(units, RULES, PERIOD)
    assert counts(market) == (0, 0, 0)
    assert run_settlement(units, RULES, PERIOD).run is not None


@pytest.mark.parametrize("place", ["settlement_runs.add", "ledger.append", "settlement_runs.add_evidence"])
def test_a_run_that_is_cut_off_leaves_nothing_behind(market: Market, place: str) -> None:
    measured(market, {"north-1": 100.0, "north-2": 50.0})
    _cut_off(market, place)
    assert counts(market) == (0, 0, 0)
    assert settle(market).run is not None
    assert counts(market)[0] == 1


def _cut_off(market: Market, place: str) -> None:
    repository, method = place.split(".")

    def units(*, write: bool = True) -> UnitOfWork:
        return _Failing(market.units(write=write), repository, method) if write else market.units(write=False)  # type: ignore[return-value]

    with pytest.raises(Overloaded):
        run_settlement(units, RULES, PERIOD)


class _Failing:
    """A unit of work whose database goes away after one of its methods."""

    def __init__(self, uow: UnitOfWork, repository: str, method: str) -> None:
        self._uow, self._repository, self._method = uow, repository, method

    def __enter__(self) -> Self:
        self._uow.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._uow.__exit__(*error)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        found = getattr(self._uow, name)
        return _Cut(found, self._method) if name == self._repository else found


class _Cut:
    def __init__(self, repository: object, method: str) -> None:
        self._repository, self._method = repository, method

    def __getattr__(self, name: str) -> object:
        found: Callable[..., object] = getattr(self._repository, name)
        if name != self._method:
            return found

        def then_away(*args: object, **named: object) -> None:
            found(*args, **named)
            raise Overloaded("the database is away")

        return then_away


def test_a_settlement_waits_for_an_event_of_the_day(market: Market) -> None:
    clear_evening(market)
    market.advance(EVENING.start + timedelta(minutes=5))
    outcome = settle(market)
    assert outcome.waiting_reason == "events/evening is ACTIVE, and its lines belong to this run"
    assert counts(market) == (0, 0, 0)


def test_an_event_that_cannot_be_measured_keeps_nobody_from_being_paid_for_ever(market: Market) -> None:
    clear_evening(market)
    market.clock.advance_to(EVENING.end)
    with market.units() as uow:
        stored = uow.events.get("evening")
        assert stored is not None
        uow.events.update("evening", replace(stored.value, state=EventState.ENDED), revision=stored.revision)
        uow.commit()
    market.clock.advance_to(EVENING.end + timedelta(days=3) - timedelta(seconds=1))
    assert settle(market).waiting_reason == "events/evening is ENDED, and its lines belong to this run"
    market.clock.advance_to(EVENING.end + timedelta(days=3))
    assert settle(market) == RunOutcome(
        notes=("events/evening has not been measured and is not settled yet",)
    )


def test_settlements_that_wait_do_not_become_more(market: Market) -> None:
    clear_evening(market)
    market.advance(EVENING.start + timedelta(minutes=5))
    for subject in ("2026-03/one", "2026-03/two", "2026-03/final-three", "2026-03/final-four"):
        market.clock.advance_to(market.clock.now() + timedelta(minutes=1))
        settle_due(market.units, RULES, subject)
    assert sorted(due.subject_id for due in owed(market)) == [
        "2026-03/20260305T180600",
        "2026-03/final-20260305T180800",
    ]


def test_settlements_that_fail_do_not_become_more(settled: Market) -> None:
    for day in range(6, 12):  # whatever is owed is tried again and again in vain, as far as the look can see
        settled.clock.advance_to(datetime(2026, 3, day, 3, tzinfo=UTC))
        look_at_settlements(settled.units, RULES, f"2026-03-{day - 1:02}")
    assert [due.subject_id for due in owed(settled)] == ["2026-03/20260306T030000"]
    settled.clock.advance_to(datetime(2026, 7, 1, 3, tzinfo=UTC))
    for day in ("2026-06-29", "2026-06-30"):
        look_at_settlements(settled.units, RULES, day)
    assert [due.subject_id for due in owed(settled)] == [
        "2026-03/20260306T030000",
        "2026-03/final-20260701T030000",
    ]


def test_a_settlement_that_fails_is_tried_again_by_the_hour(market: Market) -> None:
    with market.units() as uow:
        uow.due.add(Due(DueKind.SETTLEMENT, "2026-13/never", NOON))
        uow.commit()
    market.advance(NOON + timedelta(days=1))
    with market.units(write=False) as uow:
        failed = [record.at for record in uow.audit.page() if record.action == "due_failed"]
    assert len(failed) == 12 + 22
    assert failed[-1] - failed[-2] == timedelta(hours=1)


def test_the_daily_look_takes_up_late_readings_and_the_final_version(settled: Market) -> None:
    rules = replace(RULES, settlement=SettlementRules(calendar=VersionCalendar(recalc_days=(), final_days=8)))
    owe_settlement_look(settled.units)
    with settled.units(write=False) as uow:
        [look] = [due for due in uow.due.open() if due.kind is DueKind.SETTLEMENT_LOOK]
    assert (look.subject_id, look.due_at) == ("2026-03-05", datetime(2026, 3, 6, 3, tzinfo=UTC))
    deliver(settled, {"north-2": 50.0})
    settled.rules = rules
    settled.advance(datetime(2026, 3, 6, 4, tzinfo=UTC))
    assert counts(settled)[0] == 2  # the day after, without anybody asking
    settled.advance(datetime(2026, 4, 9, 4, tzinfo=UTC))
    assert counts(settled)[0] == 2
    settled.advance(datetime(2026, 4, 11, 4, tzinfo=UTC))  # the eighth business day of April was the tenth
    with settled.units(write=False) as uow:
        runs = uow.settlement_runs.of_period(PERIOD)
    assert [run.run_type for run in runs] == [RunType.INITIAL, RunType.RECALC, RunType.FINAL]
    settled.advance(datetime(2026, 4, 14, 4, tzinfo=UTC))
    assert counts(settled)[0] == 3


def test_statements_may_follow_the_calendar_alone(market: Market) -> None:
    calendar = VersionCalendar(recalc_days=(12,), final_days=20)
    market.rules = replace(RULES, settlement=SettlementRules(rolling=False, calendar=calendar))
    measured(market, {"north-1": 100.0})
    owe_settlement_look(market.units)
    market.advance(datetime(2026, 4, 6, 23, tzinfo=UTC))
    assert counts(market) == (0, 0, 0)
    market.advance(datetime(2026, 4, 7, 1, tzinfo=UTC))
    assert counts(market)[0] == 1
    deliver(market, {"north-2": 50.0})
    market.advance(datetime(2026, 4, 16, 1, tzinfo=UTC))
    assert counts(market)[0] == 1
    market.advance(datetime(2026, 4, 17, 1, tzinfo=UTC))
    assert counts(market)[0] == 2
    market.advance(datetime(2026, 4, 29, 1, tzinfo=UTC))
    assert counts(market)[0] == 3
    assert owed(market) == []


def test_readings_are_kept_until_nothing_of_the_final_version_can_be_disputed(settled: Market) -> None:
    with settled.units(write=False) as uow:
        assert needed_since(uow, VersionCalendar()) == datetime(2026, 2, 28, tzinfo=UTC)
    settled.clock.advance_to(APRIL)
    settle(settled, run_type=RunType.FINAL)
    disputed_until = dispute_deadline(APRIL, VersionCalendar())
    for at, since in (
        (disputed_until - timedelta(seconds=1), datetime(2026, 2, 28, tzinfo=UTC)),
        (disputed_until, disputed_until),
    ):
        settled.clock.advance_to(at)
        with settled.units(write=False) as uow:
            assert needed_since(uow, VersionCalendar()) == since


def test_a_look_owes_nothing_where_nothing_waits(settled: Market) -> None:
    settled.clock.advance_to(APRIL)
    settle(settled, run_type=RunType.FINAL)
    look_at_settlements(settled.units, RULES, "2026-04-02")
    assert owed(settled) == []


def test_statements_of_an_older_hub_are_taken_up_where_they_end(market: Market, tmp_path: Path) -> None:
    """The older hub settled the evening without a ledger; the next run books what has changed since."""
    measured(market, {"north-1": 100.0})
    market.units.close()
    shutil.copy(tmp_path / "hub.sqlite", tmp_path / "older.sqlite")
    assert settle(market).run is not None
    with market.units(write=False) as uow:
        written = [(stored.value, stored.created_at) for stored in uow.statements.page()]
    engine = make_engine(f"sqlite:///{tmp_path / 'older.sqlite'}")
    downgrade(engine, "0009")
    with engine.begin() as connection:
        connection.execute(text("UPDATE events SET state = 'settled'"))
        for record, at in written:
            row = {"id": record.statement_id, "party": record.party_id, "lines": record.line_count}
            row |= {"total": int(record.total * 1_000_000), "at": f"{at:%Y-%m-%d %H:%M:%S.%f}"}
            connection.execute(
                text(
                    "INSERT INTO statements VALUES (:id, :party, '2026-03', 1, 'initial', :lines, 'GBP', "
                    ":total, :total, '', 1, :at, :at)"
                ),
                row,
            )
            name = f"statement_{record.party_id}_2026-03_v1.csv"
            connection.execute(
                text("INSERT INTO statement_files VALUES (:id, :name, :c)"),
                {"id": record.statement_id, "name": name, "c": record.files[name]},
            )
    migrate(engine)
    clock = ManualClock(market.clock.now() + timedelta(hours=5))
    older = Market(SqlUnitOfWorkFactory(engine, clock), clock, InlinePool())
    assert balances(older) == balances(market)
    assert settle(older).run is None  # what it would book is booked
    deliver(older, {"north-2": 50.0})
    late = settle(older)
    assert late.run is not None
    assert (late.run.number, late.run.run_type) == (2, RunType.RECALC)
    assert [(change.party_id, change.version) for change in late.changes] == [
        ("grid", 2),
        ("hub", 2),
        ("owner-north-2", 2),
    ]
    much_later = replace(RULES, telemetry=replace(RULES.telemetry, keep_raw=timedelta(hours=1)))
    with pytest.raises(WrongState, match="was settled before evidence was kept"):
        settle(older, rules=much_later)
    clock.advance_to(APRIL)
    assert settle(older, run_type=RunType.FINAL).run is not None
    assert settle(older, rules=much_later) == RunOutcome()  # it is settled by the evidence that was kept


@pytest.mark.parametrize("seed", range(4))
def test_versions_add_up_to_what_one_run_would_have_written(tmp_path: Path, seed: int) -> None:
    """Readings come in pieces, some estimated or corrected, with runs in between; the end is the same."""
    dice = random.Random(seed)
    for name in ("pieces", "once"):
        (tmp_path / name).mkdir()
    measured_at = EVENING.end + RULES.measurement_allowance
    market = market_copied(tmp_path / "pieces", _measured_file(), measured_at)
    sequence = 2000
    pieces: list[TelemetryBatch] = []
    for site_id in ("north-1", "north-2"):
        for hour in range(2):
            for _ in range(dice.choice((1, 1, 2))):  # a second one corrects the first
                start = EVENING.start + timedelta(hours=hour)
                load = np.full(12, 1000.0 - dice.choice((0.0, 30.0, 60.0, 100.0, 130.0)))
                sequence += 1
                quality = dice.choice((MeterQuality.OK, MeterQuality.OK, MeterQuality.ESTIMATED))
                pieces.append(TelemetryBatch(site_id, sequence, start, FIVE, load, quality))
    by_sequence = sorted(pieces, key=lambda piece: piece.sequence)
    deltas: dict[str, Decimal] = {}
    for piece in by_sequence:
        backfill(market.units, agent_of(piece.site_id), piece.site_id, [piece])
        if dice.random() < 0.6:
            market.clock.advance_to(market.clock.now() + timedelta(hours=1))
            for change in settle(market).changes:
                deltas[change.party_id] = deltas.get(change.party_id, Decimal(0)) + change.delta
    market.clock.advance_to(APRIL)
    for change in settle(market, run_type=RunType.FINAL).changes:
        deltas[change.party_id] = deltas.get(change.party_id, Decimal(0)) + change.delta
        assert deltas[change.party_id] == change.total
    once = market_copied(tmp_path / "once", _measured_file(), APRIL)
    for piece in by_sequence:
        backfill(once.units, agent_of(piece.site_id), piece.site_id, [piece])
    at_once = settle(once, run_type=RunType.FINAL)
    assert {change.party_id: change.total for change in at_once.changes if change.total} == {
        party_id: delta for party_id, delta in deltas.items() if delta
    }
    assert {key: value for key, value in balances(once).items() if value} == {
        key: value for key, value in balances(market).items() if value
    }
