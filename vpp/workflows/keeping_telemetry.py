"""Daily upkeep of stored readings: yesterday is summed up, room is made, what nobody needs is forgotten."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from vpp.foundation.interval import Interval
from vpp.settlement.version_calendar import VersionCalendar
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.day_cuts import ONE_DAY, day_of
from vpp.telemetry.roll_up import RollUp, RollUpLevel, roll_up_day
from vpp.workflows.needed_readings import needed_since
from vpp.workflows.ports import Due, DueKind, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit
from vpp.workflows.telemetry_rules import TelemetryRules

SITES_AT_ONCE = 20
"""Sites of one transaction: a dispatch that waits for the write lock waits for no more than these."""
LATE_DAYS_AT_ONCE = 50
LONGEST_STRETCH = 5 * ONE_DAY
"""Days of a site that are read at once: of readings each second, some millions of bytes."""
ROOM_AHEAD = timedelta(days=45)
"""Storage is made ready so far ahead: beyond the next month's first day, whenever the upkeep runs."""
USUAL = VersionCalendar()
"""The calendar of a hub whose owner has not set one."""


def owe_upkeep(units: UnitOfWorkFactory, rules: TelemetryRules) -> None:
    """Make sure that the upkeep after today is owed; a repeat changes nothing."""
    with units() as uow:
        _owe(uow, day_of(uow.now), rules)
        uow.commit()


def keep_telemetry(
    units: UnitOfWorkFactory, rules: TelemetryRules, day: str, *, calendar: VersionCalendar = USUAL
) -> None:
    """Sum up a day that is over, and again those that readings came to since; forget what is old.

    Every step is a transaction of its own and can be repeated: upkeep that was cut off begins anew.

    Args:
        units: Makes the transactions.
        rules: How long readings are kept.
        day: The day that is over, YYYY-MM-DD (UTC).
        calendar: Says how long statements may be disputed, which keeps the readings behind them.
    """
    day_at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    with units() as uow:  # first, so that a day that cannot be summed up does not end the chain
        _owe(uow, day_at + ONE_DAY, rules)
        uow.telemetry.make_room(Interval(uow.now, uow.now + ROOM_AHEAD))
        now = uow.now
        uow.commit()
    if now < day_at + ONE_DAY:  # the clock has been set back, and the day goes on: it stays with its batches
        return
    oldest = day_of(now - rules.keep_raw)
    count = sum(_sum_up(units, rules, [(site_id, day_at) for site_id in sites]) for sites in _sites(units))
    again = _sum_up_late(units, rules, Interval(oldest, day_of(now)))
    with units(write=False) as uow:
        before = min(oldest, day_of(needed_since(uow, calendar)))
    forgotten = _forget(units, before, day_of(now - rules.keep_roll_ups))
    with units() as uow:
        audit(
            uow,
            HUB,
            "telemetry_upkeep",
            f"days/{day}",
            site_days=count,
            late_site_days=again,
            forgotten=forgotten,
            raw_since=before.isoformat(),
        )
        uow.commit()


def _owe(uow: UnitOfWork, day_at: datetime, rules: TelemetryRules) -> None:
    uow.due.add(Due(DueKind.TELEMETRY_UPKEEP, f"{day_at:%Y-%m-%d}", day_at + ONE_DAY + rules.upkeep_delay))


def _sites(units: UnitOfWorkFactory) -> Iterator[list[str]]:
    after = ""
    while True:
        with units(write=False) as uow:
            sites = uow.telemetry.sites(after=after, limit=SITES_AT_ONCE)
        if not sites:
            return
        yield sites
        after = sites[-1]


def _sum_up_late(units: UnitOfWorkFactory, rules: TelemetryRules, span: Interval) -> int:
    count = 0
    after: tuple[str, datetime] | None = None
    while True:
        with units(write=False) as uow:
            days = uow.roll_ups.late_days(span, after=after, limit=LATE_DAYS_AT_ONCE)
        if not days:
            return count
        count += _sum_up(units, rules, days)
        after = days[-1]


def _sum_up(units: UnitOfWorkFactory, rules: TelemetryRules, days: Sequence[tuple[str, datetime]]) -> int:
    """Sum up days of sites; returns how many there were readings for.

    Read and written in two transactions, so that nobody waits for the sums: a batch that comes in
    between marks its day with a higher number, and the day stays marked.
    """
    site_ids = sorted({site_id for site_id, _ in days})
    made: list[RollUp] = []
    with units(write=False) as uow:
        sites = uow.sites.get_all(site_ids)
        numbers = uow.telemetry.last_numbers(site_ids)
        for (site_id, day_at), batches in _batches(uow, days):
            made += roll_up_day(
                batches,
                site_id,
                day_at,
                step=sites[site_id].value.metering_interval,
                settlement_step=rules.roll_up_interval,
                last_number=numbers[site_id],
            )
    settled = {(one.site_id, one.day_at, one.last_number) for one in made}
    if made:
        with units() as uow:
            uow.roll_ups.keep(made)
            uow.roll_ups.settled(sorted(settled))
            uow.commit()
    return len(settled)


def _batches(
    uow: UnitOfWork, days: Sequence[tuple[str, datetime]]
) -> Iterator[tuple[tuple[str, datetime], list[TelemetryBatch]]]:
    """Read the batches of each day of a site that has any, with few statements, and not all at once."""
    if len({day_at for _, day_at in days}) == 1:
        [day_at] = {day_at for _, day_at in days}
        loaded = uow.telemetry.load_many([site_id for site_id, _ in days], Interval(day_at, day_at + ONE_DAY))
        yield from (((site_id, day_at), batches) for site_id, batches in loaded.items())
        return
    for site_id, span in _stretches(days):
        found: dict[tuple[str, datetime], list[TelemetryBatch]] = {}
        for batch in uow.telemetry.load(site_id, span):  # no stored one reaches beyond its day
            found.setdefault((site_id, day_of(batch.start_at)), []).append(batch)
        yield from found.items()


def _stretches(days: Sequence[tuple[str, datetime]]) -> Iterator[tuple[str, Interval]]:
    """Put days of a site that follow one another together, a few at a time."""
    first: tuple[str, datetime] | None = None
    end = datetime.min.replace(tzinfo=UTC)
    for site_id, day_at in sorted(set(days)):
        if first is not None and (site_id, day_at) == (first[0], end) and end < first[1] + LONGEST_STRETCH:
            end += ONE_DAY
            continue
        if first is not None:
            yield first[0], Interval(first[1], end)
        first, end = (site_id, day_at), day_at + ONE_DAY
    if first is not None:
        yield first[0], Interval(first[1], end)


def _forget(units: UnitOfWorkFactory, raw_before: datetime, roll_ups_before: datetime) -> int:
    count = 0
    for sites in _sites(units):
        forgotten = 1
        while forgotten:
            with units() as uow:
                forgotten = uow.telemetry.forget(sites, raw_before)
                if not forgotten:
                    uow.roll_ups.forget(sites, raw_before, RollUpLevel.METERING)
                    uow.roll_ups.forget(sites, roll_ups_before, RollUpLevel.SETTLEMENT)
                uow.commit()
            count += forgotten
    return count
