"""A site's report as tables: one set of rows for the terminal, for Markdown and, in full digits, for CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.agent.site_report import DirectionReport, SiteReport
from vpp.cli.agent.report_kinds import responses_by_kind
from vpp.cli.charts.flexible_kinds import kind_label
from vpp.cli.output import instant, power
from vpp.flexibility.flexibility_ladder import RUNGS
from vpp.flexibility.mosaic_numbers import MosaicNumbers
from vpp.flexibility.site_grade import Known, Score

_MINUTE_S = 60.0
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table.

    Attributes:
        title: What it shows.
        columns: Names; one that begins with `>` is aligned right.
        rows: Cells, as many per row as there are columns.
        note: What to know when reading it; empty for nothing.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def tables_of(report: SiteReport) -> list[ReportTable]:
    """Return the report's tables in the order in which they are read."""
    return [
        _scores(report),
        _mosaic(report),
        _ladder("What it gives when consumption is lowered", report.down, report),
        _ladder("What it gives when consumption is raised", report.up, report),
        _promises(report),
        _controllability(report),
        *([_room(report)] if report.room is not None else []),
        *([_events(report)] if report.events else []),
    ]


def rung_names() -> list[str]:
    """Name the rungs of the ladder.

    Example:
        >>> rung_names()
        ['30 s', '5 min', '30 min', '3 h']
    """
    return [timing_text(rung.total_seconds()) for rung in RUNGS]


def score(value: Score) -> str:
    """Write a score.

    Example:
        >>> score(Known(0.93, 12, "tests"))
        '0.93'
    """
    return f"{value.ratio:.2f}" if isinstance(value, Known) else "not known yet"


def _scores(report: SiteReport) -> ReportTable:
    rows = [
        (
            name,
            score(value),
            f"{value.observation_count:,}",
            value.source if isinstance(value, Known) else value.why,
        )
        for name, value in report.scores.items()
    ]
    choices = report.choices.grade
    note = (
        f"The grade is that of the lowest score: A from {choices.least_for_a:g}, B from "
        f"{choices.least_for_b:g}, C from {choices.least_for_c:g}; thresholds are choices of this project. "
        "Measured at the point of connection."
    )
    return ReportTable(
        "Seen, measured, steered", ("score", ">0..1", ">observations", "taken from"), rows, note
    )


def duration_text(hours: float) -> str:
    """Write a duration.

    Example:
        >>> duration_text(0.25), duration_text(2.5)
        ('15 min', '2.5 h')
    """
    return f"{hours * _HOUR_S / _MINUTE_S:,.0f} min" if hours < 1.0 else f"{hours:,.1f} h"


def timing_text(seconds: float) -> str:
    """Write a response time.

    Example:
        >>> timing_text(0.0), timing_text(90.0), timing_text(600.0)
        ('at once', '90 s', '10 min')
    """
    if seconds <= 0.0:
        return "at once"
    if seconds <= 2 * _MINUTE_S:
        return f"{seconds:,.0f} s"
    return f"{seconds / _MINUTE_S:,.0f} min" if seconds < _HOUR_S else f"{seconds / _HOUR_S:,.3g} h"


def _mosaic_row(name: str, kind: str, way: str, numbers: MosaicNumbers) -> tuple[str, ...]:
    if numbers.magnitude_kw <= 0.0:
        return (name, kind, way, "0 kW", "-", "-", "-", "-")
    return (
        name,
        kind,
        way,
        power(numbers.magnitude_kw),
        timing_text(numbers.timing_s),
        duration_text(numbers.duration_h),
        f"{numbers.activations_per_year:,.0f}",
        f"{numbers.hours_per_year:,.0f} h",
    )


def _mosaic(report: SiteReport) -> ReportTable:
    rows = [
        _mosaic_row("whole site", "-", "down", report.down.numbers),
        _mosaic_row("whole site", "-", "up", report.up.numbers),
    ]
    for each in report.resources:
        kind = kind_label(each.kind)
        if each.down is None:
            rows.append((each.resource_id, kind, "down", "not known yet", "-", "-", "-", "-"))
        else:
            rows.append(_mosaic_row(each.resource_id, kind, "down", each.down_numbers))
        if each.up is not None:
            rows.append(_mosaic_row(each.resource_id, kind, "up", each.up_numbers))
    span = duration_text(report.choices.span / timedelta(hours=1))
    note = (
        "Firm: delivered nine times in ten. Each resource by itself and at its best; the whole site held "
        f"for {span} at least, nothing counted twice: added up one by one it would be "
        f"{power(report.down.added_up_kw)} down and {power(report.up.added_up_kw)} up. Frequency is the most "
        "that rest, recovery and permits leave."
    )
    columns = (
        "resource",
        "kind",
        "way",
        ">magnitude",
        ">timing",
        ">duration",
        ">times a year",
        ">hours a year",
    )
    return ReportTable("The four numbers of Flex MOSAIC", columns, rows, note)


def _ladder(title: str, direction: DirectionReport, report: SiteReport) -> ReportTable:
    kinds = {each.resource_id: kind_label(each.kind) for each in report.resources}
    rows = []
    for row in direction.ladder:
        cells = [
            f"{power(together)} of {power(alone)}" if together < alone - 0.5 else power(together)
            for together, alone in zip(row.together_kw, row.alone_kw, strict=True)
        ]
        rows.append(
            (row.resource_id, kinds[row.resource_id], *("-" if cell == "0 kW" else cell for cell in cells))
        )
    for name, field in (("whole site", "together_kw"), ("firm of it", "firm_kw")):
        sums = [sum(getattr(row, field)[n] for row in direction.ladder) for n in range(len(RUNGS))]
        rows.append((name, "-", *(power(kw) for kw in sums)))
    note = "There within the time, and held for as long; 'of' shows what it would give alone."
    return ReportTable(title, ("resource", "kind", *(f">{name}" for name in rung_names())), rows, note)


def _promises(report: SiteReport) -> ReportTable:
    rows = [
        (
            kind_label(each.kind),
            f"{len(each.promises)}",
            power(each.promised_kw) if each.promises else "-",
            power(each.delivered_kw) if each.promises else "-",
            *(
                "-" if ratio is None else f"{ratio:.2f}"
                for ratio in (each.low_ratio, each.middle_ratio, each.high_ratio)
            ),
            f"{each.kept_count} of {len(each.promises)}" if each.promises else "not tried yet",
        )
        for each in responses_by_kind(report.resources)
    ]
    note = (
        "Responses to commands of all that was available, from tests and events. Each is held against the "
        "promise that stood before it came; nine in ten should be kept, not all."
    )
    columns = ("kind", ">responses", ">promised", ">delivered", ">p10", ">p50", ">p90", ">promise kept")
    return ReportTable("Promised and delivered", columns, rows, note)


def _controllability(report: SiteReport) -> ReportTable:
    rows = []
    for each in report.resources:
        promise = "-" if each.down is None else f"{each.down.confidence.p10_ratio:.2f}"
        rows.append(
            (
                each.resource_id,
                each.health or "never asked",
                score(each.controllability),
                score(each.measurability),
                f"{promise} {'learned' if each.is_learned else 'configured'}",
                f"{each.test_count}",
                f"{len(each.promises) - each.test_count}",
                f"{each.unclear_count}",
                f"{each.failed_count}",
            )
        )
    columns = (
        "resource",
        "health",
        ">controllability",
        ">measurability",
        ">promise",
        ">tests",
        ">events",
        ">unclear tests",
        ">failed commands",
    )
    return ReportTable("Resource by resource", columns, rows)


def _room(report: SiteReport) -> ReportTable:
    room = report.room
    if room is None:
        return ReportTable("Room under the connection", (), ())
    firm = [each.firm_kw for each in report.hours]
    rows = [
        ("import limit", power(room.limit_kw)),
        ("load factor: mean load over the limit", f"{room.load_factor_ratio:.0%}"),
        ("highest load over the limit", f"{room.peak_ratio:.0%}"),
        ("rebound and load-up may use, in nine cases of ten", power(room.rebound_room_kw)),
        ("the same at the tightest hour of the day", power(max(0.0, min(firm)))),
        ("a bid may assume at most", power(room.biddable_kw)),
        ("nameplates add up to, which no bid may assume", power(room.nameplate_kw)),
        ("rebound if all resources recover together", power(report.release.rebound_kw)),
    ]
    return ReportTable("Room under the connection", ("what", ">how much"), rows)


def _events(report: SiteReport) -> ReportTable:
    rows = []
    for each in report.events:
        shown = each.response
        rows.append(
            (
                each.event.removeprefix("events/"),
                each.purpose.value.replace("_", " "),
                "up" if each.direction.value == "load_up" else "down",
                instant(each.start),
                each.state.lower(),
                power(each.promised_kw),
                each.remark if shown is None else power(shown.delivered_kw),
                "-" if shown is None else f"{shown.reached_ratio:.2f}",
                "-"
                if shown is None
                else "never"
                if shown.full_delay is None
                else timing_text(shown.full_delay.total_seconds()),
                "-" if shown is None else f"{shown.score:.2f}",
            )
        )
    columns = (
        "event",
        "purpose",
        "way",
        "from",
        "state",
        ">promised",
        ">delivered",
        ">reached",
        ">full after",
        ">score",
    )
    return ReportTable(
        "Events", columns, rows, "At the site's meter, against the baseline that the hub announced."
    )


def csv_files(report: SiteReport) -> dict[str, str]:
    """Return the report's figures as CSV, by file name; powers in kW, energies in kWh."""
    ladder = [
        (way, row.resource_id, rung.total_seconds(), alone, together, firm)
        for way, direction in (("load_down", report.down), ("load_up", report.up))
        for row in direction.ladder
        for rung, alone, together, firm in zip(RUNGS, row.alone_kw, row.together_kw, row.firm_kw, strict=True)
    ]
    responses = [
        (
            each.resource_id,
            each.kind,
            one.at.isoformat(),
            one.commanded_kw,
            one.promised_ratio,
            one.delivered_ratio,
        )
        for each in report.resources
        for one in each.promises
    ]
    hours = [
        (each.hour, each.firm_kw, each.middle_kw, each.high_kw, each.reading_count) for each in report.hours
    ]
    curve = [(point.share_ratio, point.load_kw) for point in report.duration]
    return {
        "ladder.csv": _csv(
            ("direction", "resource_id", "rung_s", "alone_kw", "together_kw", "firm_kw"), ladder
        ),
        "responses.csv": _csv(
            ("resource_id", "kind", "at", "commanded_kw", "promised_ratio", "delivered_ratio"), responses
        ),
        "headroom_by_hour.csv": _csv(("hour", "firm_kw", "middle_kw", "high_kw", "reading_count"), hours),
        "load_duration.csv": _csv(("share_ratio", "load_kw"), curve),
    }


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
