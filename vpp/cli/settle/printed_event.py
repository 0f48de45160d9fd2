"""One event of a statement as people read it: a drawing, sums by site, the lines behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from vpp.cli.charts.statement_event import StatementEvent
from vpp.foundation.direction import Direction
from vpp.settlement.line_code import LineCode
from vpp.settlement.statement_line import StatementLine
from vpp.telemetry.quality import MeterQuality

ZERO = Decimal(0)
SHOWN = frozenset({MeterQuality.OK, MeterQuality.ESTIMATED})
_TOLD = frozenset({LineCode.ADJ_DISPUTE, LineCode.ADJ_MANUAL, LineCode.ROUNDING, LineCode.MAKE_WHOLE})
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class AroundEnergy:
    """What a site used before and after an event beside its baseline: reported, never paid.

    Attributes:
        before_kwh: Before, kWh, signed; None where that is not known.
        after_kwh: After: the rebound; None where that is not known.
    """

    before_kwh: Decimal | None
    after_kwh: Decimal | None


@dataclass(frozen=True, slots=True)
class SiteSums:
    """What one site delivered and is paid in one event.

    Attributes:
        site_id: The site; empty for what belongs to none.
        site_name: Its name for people; empty if it is not known.
        delivered_kwh: Delivered, kWh; None where nothing is known.
        payable_kwh: Paid energy, kWh.
        amounts: Amounts by line code, positive where paid to the party.
        total: Sum of them.
        delta: Change against the version before.
        remarks: What meter data did not allow, and why there are amounts that no reading gives, each once.
        around: Energy before and after; None without the statement's bundle.
    """

    site_id: str
    site_name: str
    delivered_kwh: Decimal | None
    payable_kwh: Decimal
    amounts: Mapping[LineCode, Decimal]
    total: Decimal
    delta: Decimal
    remarks: tuple[str, ...]
    around: AroundEnergy | None


def together(sites: Sequence[SiteSums]) -> SiteSums:
    """Add up what several sites delivered and are paid in one event."""
    delivered = [site.delivered_kwh for site in sites if site.delivered_kwh is not None]
    return SiteSums(
        site_id="",
        site_name="",
        delivered_kwh=sum(delivered, ZERO) if delivered else None,
        payable_kwh=sum((site.payable_kwh for site in sites), ZERO),
        amounts={},
        total=sum((site.total for site in sites), ZERO),
        delta=sum((site.delta for site in sites), ZERO),
        remarks=(),
        around=None,
    )


def lines_by_event(lines: Sequence[StatementLine]) -> dict[str, list[StatementLine]]:
    """Group lines by event in the order in which events begin on the statement; what has none is under ""."""
    events: dict[str, list[StatementLine]] = {}
    for line in lines:
        events.setdefault(line.event_id, []).append(line)
    return events


def site_sums(
    lines: Sequence[StatementLine],
    site_names: Mapping[str, str],
    around: Mapping[tuple[str, str], AroundEnergy],
) -> list[SiteSums]:
    """Sum the lines of one event by site, in the statement's order."""
    by_site: dict[str, list[StatementLine]] = {}
    for line in lines:
        by_site.setdefault(line.site_id, []).append(line)
    return [
        _sums(site_id, of_site, site_names.get(site_id, ""), around.get((of_site[0].event_id, site_id)))
        for site_id, of_site in by_site.items()
    ]


def _sums(
    site_id: str, lines: Sequence[StatementLine], site_name: str, around: AroundEnergy | None
) -> SiteSums:
    amounts: dict[LineCode, Decimal] = {}
    for line in lines:
        amounts[line.line_code] = amounts.get(line.line_code, ZERO) + line.amount
    delivered = [line.delivered_kwh for line in lines if line.delivered_kwh is not None]
    remarks = [line.note for line in lines if line.note and _is_told(line)]
    return SiteSums(
        site_id=site_id,
        site_name=site_name,
        delivered_kwh=sum(delivered, ZERO) if delivered else None,
        payable_kwh=sum((line.payable_kwh or ZERO for line in lines), ZERO),
        amounts={code: amounts[code] for code in LineCode if code in amounts},
        total=sum(amounts.values(), ZERO),
        delta=sum((line.delta_amount for line in lines), ZERO),
        remarks=tuple(dict.fromkeys(remarks)),
        around=around,
    )


def _is_told(line: StatementLine) -> bool:
    """Tell whether a line's note stands beside the sums: data that do not count, amounts without readings."""
    if line.line_code is LineCode.ENERGY:
        return line.quality is not MeterQuality.OK
    return line.line_code in _TOLD


def event_picture(lines: Sequence[StatementLine]) -> StatementEvent | None:
    """Return what a drawing of an event shows; None where no interval was measured.

    Sites without a reading that counts or without a baseline in an interval are left out of all its sums,
    so that these are of the same sites; without any site it is a gap.
    """
    measured = [line for line in lines if line.line_code is LineCode.ENERGY and line.target_kw is not None]
    if not measured:
        return None
    first = measured[0]
    starts = sorted({line.interval_start_utc for line in measured})
    place = {start: n for n, start in enumerate(starts)}
    sums = {name: np.zeros(len(starts)) for name in ("baseline", "metered", "target", "payable")}
    known = np.zeros(len(starts), dtype=np.int64)
    for line in measured:
        if line.baseline_kwh is None or line.metered_kwh is None or line.quality not in SHOWN:
            continue
        n = place[line.interval_start_utc]
        hours = (line.interval_end_utc - line.interval_start_utc).total_seconds() / _SECONDS_PER_HOUR
        known[n] += 1
        sums["target"][n] += float(line.target_kw or ZERO)
        sums["payable"][n] += float(line.payable_kwh or ZERO) / hours
        sums["baseline"][n] += float(line.baseline_kwh) / hours
        sums["metered"][n] += float(line.metered_kwh) / hours
    by_start = {line.interval_start_utc: line for line in measured}
    civil_times = [by_start[start].local_time for start in starts]
    return StatementEvent(
        name=first.event_id,
        title=f"Event {first.event_id}: baseline, metered load, what was asked for and what is paid",
        direction=Direction(first.direction),
        starts=starts,
        labels=clock_labels([*civil_times, local_end(by_start[starts[-1]])]),
        baseline_kw=_gap_where(sums["baseline"], known == 0),
        metered_kw=_gap_where(sums["metered"], known == 0),
        target_kw=sums["target"],
        payable_kw=sums["payable"],
        known_sites=known,
        site_count=len({line.site_id for line in measured}),
    )


def _gap_where(values: npt.NDArray[np.float64], gaps: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return np.where(gaps, np.nan, values)


def local_end(line: StatementLine) -> datetime:
    """Return the civil time at the end of a line's interval, also where clocks change within."""
    try:
        zone = ZoneInfo(line.tz)
    except (ValueError, OSError, KeyError):  # an unknown zone; the offset of its start is the best there is
        return line.interval_end_utc.astimezone(line.local_time.tzinfo)
    return line.interval_end_utc.astimezone(zone)


def clock_labels(civil_times: Sequence[datetime]) -> list[str]:
    """Return the wall time of each civil time.

    Where clocks change in between, each carries its offset, so that an hour that is there twice is told
    apart.

    Example:
        >>> clock_labels([datetime.fromisoformat("2026-03-02T17:30:00+00:00")])
        ['17:30']
        >>> twice = ["2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00"]
        >>> clock_labels([datetime.fromisoformat(each) for each in twice])
        ['01:30+01:00', '01:30+00:00']
    """
    changes = len({each.utcoffset() for each in civil_times}) > 1
    return [f"{each:%H:%M}" + (each.isoformat()[-6:] if changes else "") for each in civil_times]
