"""Upkeep: days are summed up, loads read the same as before, and nothing needed is forgotten."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from support.market import EVENING, FIVE, GATE, NOON, RULES, Market, agent_of

from vpp.dispatch.event import EventState
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.storage.telemetry_repository import SqlTelemetryRepository
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.assemble import assemble
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.metering_energy import metering_energy
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.roll_up import RollUpLevel
from vpp.workflows.due_work import BACKGROUND
from vpp.workflows.ingesting import backfill, keep_batches
from vpp.workflows.keeping_telemetry import USUAL, keep_telemetry, owe_upkeep
from vpp.workflows.needed_readings import needed_since
from vpp.workflows.ports import Due, DueKind
from vpp.workflows.site_load import averaged_load, site_load
from vpp.workflows.telemetry_rules import TelemetryRules
from vpp.workflows.viewing_results import query_readings

DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
TODAY = NOON.replace(hour=0)
HISTORY = Interval(TODAY - 15 * DAY, TODAY)
KEEPING = TelemetryRules()
NUMBERS = iter(range(1000, 10_000))


def loads(market: Market, span: Interval, **bounds: int) -> tuple[MeteredSeries, MeteredSeries]:
    """The load read in the quick way, and put together from all batches."""
    with market.units(write=False) as uow:
        site = uow.sites.get("north-1")
        assert site is not None
        batches = uow.telemetry.load("north-1", span, **bounds)
        return site_load(uow, site.value, span, **bounds), assemble(batches, span, FIVE)


def check_same(one: MeteredSeries, other: MeteredSeries) -> None:
    assert one.net_power_kw.to_numpy().tobytes() == other.net_power_kw.to_numpy().tobytes()
    assert one.net_power_kw.index.equals(other.net_power_kw.index)
    assert np.array_equal(one.quality, other.quality)
    assert one.conflict_count == other.conflict_count


def send(
    market: Market, start: datetime, values_kw: list[float], quality: MeterQuality = MeterQuality.OK
) -> None:
    sequence = next(NUMBERS)
    keep_batches(
        market.units, [TelemetryBatch("north-1", sequence, start, FIVE, np.array(values_kw), quality)]
    )


def roll_up_count(market: Market, span: Interval = HISTORY, level: RollUpLevel = RollUpLevel.METERING) -> int:
    with market.units(write=False) as uow:
        return len(uow.roll_ups.of_site("north-1", span, level))


def upkeep(market: Market, rules: TelemetryRules = KEEPING, *, at: datetime = TODAY) -> None:
    if market.clock.now() < at:
        market.clock.advance_to(at)
    keep_telemetry(market.units, rules, f"{at.date() - DAY}")


def test_every_day_is_summed_up_and_read_to_the_bit_as_before(market: Market) -> None:
    send(market, HISTORY.start + DAY, [0.1 + 0.2, 7.0], MeterQuality.BAD)
    send(market, HISTORY.start + DAY, [0.1 + 0.2, 8.0, -0.0], MeterQuality.ESTIMATED)
    upkeep(market)
    assert roll_up_count(market) == 15
    for span in (
        HISTORY,
        Interval(HISTORY.start + FIVE, HISTORY.end - FIVE),
        Interval(HISTORY.start + DAY, HISTORY.start + DAY + 3 * FIVE),
        Interval(HISTORY.start - DAY, TODAY + DAY),
    ):
        check_same(*loads(market, span))


def test_what_comes_late_counts_at_once_and_is_summed_up_the_next_day(market: Market) -> None:
    upkeep(market)
    span = Interval(HISTORY.start + 3 * DAY, HISTORY.start + 6 * DAY)
    send(market, span.start + DAY + FIVE, [1.0])
    assert roll_up_count(market) == 14
    quick, slow = loads(market, span)
    assert quick.net_power_kw.iloc[289] == 1.0
    check_same(quick, slow)
    upkeep(market, at=TODAY + DAY + KEEPING.upkeep_delay)
    assert roll_up_count(market) == 15
    check_same(*loads(market, span))


def test_what_was_known_then_can_be_read_after_what_came_late_is_summed_up(market: Market) -> None:
    upkeep(market)
    span = Interval(HISTORY.start + 3 * DAY, HISTORY.start + 6 * DAY)
    with market.units(write=False) as uow:
        then = uow.telemetry.last_number("north-1")
    before, _ = loads(market, span)
    send(market, span.start + DAY + FIVE, [1.0])
    upkeep(market, at=TODAY + DAY + KEEPING.upkeep_delay)
    quick, slow = loads(market, span, up_to=then)
    check_same(quick, before)
    check_same(quick, slow)


def test_means_are_read_from_sums_and_outlive_the_readings(market: Market) -> None:
    send(market, HISTORY.start + DAY, [400.0, 401.5, 7.0], MeterQuality.ESTIMATED)
    span = Interval(HISTORY.start, TODAY)
    _, raw = loads(market, span)
    expected = metering_energy(raw, timedelta(minutes=30))
    upkeep(market)

    def half_hours() -> MeteredSeries:
        with market.units(write=False) as uow:
            site = uow.sites.get("north-1")
            assert site is not None
            return averaged_load(uow, site.value, span, timedelta(minutes=30))

    np.testing.assert_allclose(half_hours().net_power_kw, expected.net_power_kw, rtol=1e-15)
    assert np.array_equal(half_hours().quality, expected.quality)
    short = replace(KEEPING, keep_raw=5 * DAY)
    upkeep(market, short, at=TODAY + DAY + KEEPING.upkeep_delay)
    np.testing.assert_allclose(half_hours().net_power_kw, expected.net_power_kw, rtol=1e-15)
    assert np.array_equal(half_hours().quality, expected.quality)
    kept, _ = loads(market, span)
    gone = (TODAY + DAY - 5 * DAY - span.start) // FIVE
    assert np.isnan(kept.net_power_kw[:gone]).all()
    assert not np.isnan(kept.net_power_kw[gone:]).any()
    seen = query_readings(market.units, agent_of("north-1"), "north-1", span, timedelta(minutes=30))
    assert not seen.load_kw.isna().any()
    shorter = replace(short, keep_roll_ups=6 * DAY)
    upkeep(market, shorter, at=TODAY + 2 * DAY + KEEPING.upkeep_delay)
    assert roll_up_count(market, level=RollUpLevel.SETTLEMENT) == 4


def test_what_an_event_needs_is_kept_until_it_is_settled(market: Market) -> None:
    market.open_auction()
    with market.units(write=False) as uow:
        since = needed_since(uow, USUAL)
    assert since < EVENING.start - 40 * DAY  # the product's rules look back as far
    short = replace(KEEPING, keep_raw=5 * DAY)
    upkeep(market, short)
    kept, _ = loads(market, HISTORY)
    assert not kept.net_power_kw.isna().any()
    market.advance(GATE)  # nobody has bid: the event fails
    with market.units(write=False) as uow:
        event = uow.events.get("evening")
        assert event is not None
        assert event.value.state is EventState.FAILED
        assert needed_since(uow, USUAL) == uow.now
    upkeep(market, short, at=TODAY + DAY + KEEPING.upkeep_delay)
    kept, _ = loads(market, HISTORY)
    assert kept.net_power_kw.isna().any()


def test_readings_older_than_they_are_kept_are_refused(market: Market) -> None:
    old = TelemetryBatch("north-1", 5000, TODAY - 120 * DAY, FIVE, np.array([1.0]), MeterQuality.OK)
    agent = agent_of("north-1")
    with pytest.raises(InvalidInput, match="start_at is"):
        backfill(
            market.units,
            agent,
            "north-1",
            [old],
            max_age=replace(KEEPING, keep_raw=100 * DAY).backfill_max_age,
        )
    assert backfill(market.units, agent, "north-1", [old], max_age=KEEPING.backfill_max_age)[0] == 1


def test_upkeep_that_was_cut_off_begins_anew_and_changes_nothing(market: Market) -> None:
    upkeep(market)
    before, _ = loads(market, HISTORY)
    upkeep(market)
    check_same(*loads(market, HISTORY))
    check_same(before, loads(market, HISTORY)[0])
    assert roll_up_count(market) == 15


def test_upkeep_is_owed_day_after_day(market: Market) -> None:
    def owed() -> list[Due]:
        with market.units(write=False) as uow:
            return [due for due in uow.due.open() if due.kind is DueKind.TELEMETRY_UPKEEP]

    for _ in range(2):
        owe_upkeep(market.units, KEEPING)
    today = date(2026, 3, 4)
    assert owed() == [Due(DueKind.TELEMETRY_UPKEEP, f"{today}", TODAY + DAY + KEEPING.upkeep_delay)]
    market.advance(TODAY + DAY + KEEPING.upkeep_delay)
    assert owed() == [Due(DueKind.TELEMETRY_UPKEEP, f"{today + DAY}", TODAY + 2 * DAY + KEEPING.upkeep_delay)]
    assert roll_up_count(market) == 15
    assert DueKind.TELEMETRY_UPKEEP in BACKGROUND
    assert RULES.telemetry == KEEPING


def test_a_day_that_goes_on_after_the_clock_was_set_back_is_left_alone(market: Market) -> None:
    send(market, TODAY, [1.0])
    keep_telemetry(market.units, KEEPING, f"{TODAY.date()}")
    assert roll_up_count(market, Interval(TODAY, TODAY + DAY)) == 0


def test_readings_of_other_intervals_are_never_summed_up(market: Market) -> None:
    with market.units() as uow:
        start = TODAY - DAY
        uow.telemetry.add([TelemetryBatch("north-1", 9000, start, QUARTER, np.array([1.0]), MeterQuality.OK)])
        uow.commit()
    upkeep(market)
    assert roll_up_count(market) == 14
    with pytest.raises(InvalidInput, match="expected the grid"):
        loads(market, HISTORY)


def test_a_day_that_was_summed_up_too_early_is_read_from_its_batches_when_the_clock_was_set_back(
    market: Market,
) -> None:
    send(market, TODAY, [1.0])
    wrong = ManualClock(TODAY + DAY + KEEPING.upkeep_delay)  # of this hub, a day ahead
    engine = market.units._engine  # noqa: SLF001  another hub on the same database
    keep_telemetry(SqlUnitOfWorkFactory(engine, wrong), KEEPING, f"{TODAY.date()}")
    span = Interval(TODAY, TODAY + DAY)
    assert roll_up_count(market, span) == 1
    send(market, TODAY + FIVE, [2.0])
    quick, slow = loads(market, span)
    assert quick.net_power_kw.iloc[:2].tolist() == [1.0, 2.0]
    check_same(quick, slow)
    upkeep(market, at=TODAY + 2 * DAY)
    assert roll_up_count(market, span) == 1
    check_same(*loads(market, span))


def test_late_days_far_apart_are_read_without_what_lies_between(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep(market)
    days = [HISTORY.start + n * DAY for n in (1, 2, 3, 9, 11)]
    for day in days:
        send(market, day, [1.0])
    read: list[Interval] = []
    load = SqlTelemetryRepository.load

    def watched(repository: SqlTelemetryRepository, site_id: str, interval: Interval) -> list[TelemetryBatch]:
        read.append(interval)
        return load(repository, site_id, interval)

    monkeypatch.setattr(SqlTelemetryRepository, "load", watched)
    monkeypatch.setattr("vpp.workflows.keeping_telemetry.LONGEST_STRETCH", 2 * DAY)
    upkeep(market, at=TODAY + DAY + KEEPING.upkeep_delay)
    monkeypatch.undo()
    assert read == [
        Interval(days[0], days[2]),
        *(Interval(day, day + DAY) for day in days[2:]),
    ]
    assert roll_up_count(market) == 15
    check_same(*loads(market, HISTORY))
