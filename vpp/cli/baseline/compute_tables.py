"""The summary of a computation, for people."""

from collections.abc import Mapping, Sequence

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import RuleBaseline
from vpp.cli.auction.wording import energy
from vpp.cli.baseline.rule_words import unverified_words
from vpp.cli.baseline.site_outcome import ESTIMATED, SiteOutcome
from vpp.cli.output import fields_table, make_table, power
from vpp.foundation.interval import Interval
from vpp.foundation.series import hours
from vpp.portfolio.baseline_rule import BaselineRule

_MOST_INTERVALS = 24
_MOST_SITES = 80
_MOST_NOTES = 12


def print_outcomes(
    console: Console,
    rule: BaselineRule,
    event: Interval,
    outcomes: Sequence[SiteOutcome],
    rows: Mapping[str, pd.DataFrame],
) -> None:
    """Print what was found: one site interval by interval, many a line each."""
    if len(outcomes) == 1:
        _print_one(console, rule, event, outcomes[0], rows[outcomes[0].site_id])
    else:
        console.print(_sites_table(rule, event, outcomes, rows))
        _print_notes(console, outcomes)
    warning = unverified_words(rule)
    if warning is not None:
        console.print(f"[red]{escape(warning)}[/]", soft_wrap=True)


def span_words(event: Interval, calendar: SiteCalendar) -> str:
    """Write a span in a site's own time; the end's date only if it is another day.

    Example:
        >>> from datetime import UTC, datetime
        >>> evening = Interval(datetime(2026, 7, 1, 16, tzinfo=UTC), datetime(2026, 7, 1, 19, tzinfo=UTC))
        >>> span_words(evening, SiteCalendar("Europe/London"))
        '2026-07-01 17:00-20:00 Europe/London'
    """
    start, end = (calendar.local_iso(bound) for bound in (event.start, event.end))
    until = end[11:16] if start[:10] == end[:10] else f"{end[:10]} {end[11:16]}"
    return f"{start[:10]} {start[11:16]}-{until} {calendar.time_zone}"


def adjustment_result(found: RuleBaseline) -> str:
    """Say what the same-day adjustment did.

    Example:
        >>> none = pd.Series(dtype=float)
        >>> adjustment_result(RuleBaseline(none, none, -12.5, 1.0, True, True, (), "high-4-of-5", ()))
        '-12 kW (capped)'
    """
    if not found.adjusted:
        return "none"
    words = f"{plain(found.adjustment_kw, 0):+,.0f} kW"
    if found.adjustment_ratio != 1:
        words = f"x {found.adjustment_ratio:.4f}, on average {words}"
    return f"{words} (capped)" if found.capped else words


def said(outcome: SiteOutcome) -> list[str]:
    """Return an outcome's notes without the warning of unverified values, which stands below the table."""
    return [note for note in outcome.notes if not note.startswith("unverified")]


def _print_one(
    console: Console, rule: BaselineRule, event: Interval, outcome: SiteOutcome, rows: pd.DataFrame
) -> None:
    found = outcome.found
    lines = [
        ("event", span_words(event, outcome.meter.calendar)),
        ("rule", f"{rule.baseline_id} {rule.version}"),
    ]
    if found is not None:
        days = ", ".join(day.isoformat() for day in found.days_used)
        lines += [
            ("method", found.method),
            ("days used", days or "-"),
            ("adjustment", adjustment_result(found)),
            ("baseline", _baseline_words(rows)),
            ("reduction", reduction_words(rows)),
        ]
    lines += [("note", note) for note in said(outcome)]
    lines += [("look at this", flag.reason) for flag in outcome.flags]
    lines += [("meter", words) for words in _meter_words(outcome)]
    title = f"Baseline of {outcome.site_id}" if outcome.site_id else "Baseline"
    console.print(fields_table(title, [(field, escape(text)) for field, text in lines]))
    if found is not None:
        console.print(_intervals_table(rows, outcome.meter.calendar))


def _baseline_words(rows: pd.DataFrame) -> str:
    step_h = _step_h(rows)
    total_kwh = float(rows["baseline_kw"].sum()) * step_h
    return f"{energy(total_kwh)}, on average {power(float(rows['baseline_kw'].mean()))}"


def reduction_words(rows: pd.DataFrame) -> str:
    """Say how much was reduced, and on how much of the event that is known."""
    known = rows[rows["reduction_kwh"].notna()]
    if known.empty:
        return "not known: the event is not metered"
    reduction_kwh = plain(float(known["reduction_kwh"].sum()), 3)
    baseline_kwh = float(known["baseline_kw"].sum()) * _step_h(rows)
    share = (
        f" ({plain(reduction_kwh / baseline_kwh * 100, 1):+.1f} % of the baseline)"
        if baseline_kwh > 0
        else ""
    )
    unknown = len(rows) - len(known)
    known_h = known["start_time"].nunique() * _step_h(rows)
    rest = f"; {unknown} of {len(rows)} intervals are not metered and count as none" if unknown else ""
    estimated = int((rows["quality"] == ESTIMATED).sum())
    if estimated:
        rest += f"; {estimated} of {len(rows)} intervals are estimated and count as none"
    return f"{energy(reduction_kwh)}, on average {power(plain(reduction_kwh / known_h, 0))}{share}{rest}"


def plain(value: float, digits: int) -> float:
    """Round a figure for reading; a trifle below zero is zero, without a sign.

    Example:
        >>> plain(-0.04, 1), plain(-0.06, 1)
        (0.0, -0.1)
    """
    return round(value, digits) + 0.0


def _step_h(rows: pd.DataFrame) -> float:
    return hours((rows["end_time"] - rows["start_time"]).iloc[0].to_pytimedelta())


def _meter_words(outcome: SiteOutcome) -> list[str]:
    edited = int(outcome.edited.is_edited.sum())
    flags = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in outcome.edited.counts().items()
    )
    words = list(outcome.edited.notes)
    if flags:
        words.append(f"{edited:,} of {len(outcome.edited.raw_kw):,} intervals edited; flags: {flags}")
    return words


def _intervals_table(rows: pd.DataFrame, calendar: SiteCalendar) -> Table:
    table = make_table(
        f"By interval, kW, {calendar.time_zone} time",
        *("interval", ">raw", ">adjustment", ">baseline", ">metered", ">reduction", "remark"),
    )
    for column in table.columns[:-1]:
        column.no_wrap = True
    columns = ("baseline_raw_kw", "adjustment_kw", "baseline_kw", "metered_kw", "reduction_kw")
    for row in rows.head(_MOST_INTERVALS).to_dict("records"):
        start, end = (calendar.local_iso(row[name])[11:16] for name in ("start_time", "end_time"))
        cells = ["-" if pd.isna(row[name]) else f"{plain(row[name], 1):,.1f}" for name in columns]
        table.add_row(f"{start}-{end}", *cells, escape(str(row["reason"] or row["flag"])))
    if len(rows) > _MOST_INTERVALS:
        table.caption = f"{len(rows) - _MOST_INTERVALS} more in the file"
    return table


def _sites_table(
    rule: BaselineRule, event: Interval, outcomes: Sequence[SiteOutcome], rows: Mapping[str, pd.DataFrame]
) -> Table:
    found = [outcome for outcome in outcomes if outcome.found is not None]
    table = make_table(
        f"{rule.baseline_id} {rule.version}, {span_words(event, SiteCalendar('UTC'))}: "
        f"{len(found)} of {len(outcomes)} sites have a baseline",
        *("site", ">adjusted kW", ">baseline kWh", ">metered kWh", ">reduction kWh", ">share", "remark"),
    )
    table.columns[0].no_wrap = True
    for outcome in outcomes[:_MOST_SITES]:
        table.add_row(escape(outcome.site_id), *_site_cells(rule, outcome, rows[outcome.site_id]))
    if len(outcomes) > _MOST_SITES:
        table.add_row(f"{len(outcomes) - _MOST_SITES} more", *[""] * 6)
    if found:
        table.add_section()
        everything = pd.concat([rows[outcome.site_id] for outcome in found])
        table.add_row("together", "", *_energy_cells(everything), "", style="bold")
    return table


def _site_cells(rule: BaselineRule, outcome: SiteOutcome, rows: pd.DataFrame) -> list[str]:
    found = outcome.found
    if found is None:
        return ["", "", "", "", "", escape("; ".join(outcome.notes))]
    remarks = [
        *([found.method.removeprefix(f"{rule.baseline_id}/")] if found.method != rule.baseline_id else []),
        *(["capped"] if found.capped else []),
        *(flag.kind.value.replace("_", " ") for flag in outcome.flags),
    ]
    moved = f"{found.adjustment_kw:+,.0f}" if found.adjusted else "-"
    return [moved, *_energy_cells(rows), escape(", ".join(remarks))]


def _energy_cells(rows: pd.DataFrame) -> list[str]:
    step_h = _step_h(rows)
    baseline, metered = (float(rows[name].sum()) * step_h for name in ("baseline_kw", "metered_kw"))
    if rows["reduction_kwh"].isna().all():
        return [f"{baseline:,.0f}", "-", "-", "-"]
    reduction = float(rows["reduction_kwh"].sum())
    share = f"{plain(reduction / baseline * 100, 1):+.1f} %" if baseline > 0 else "-"
    return [*(f"{plain(kwh, 0):,.0f}" for kwh in (baseline, metered, reduction)), share]


def _print_notes(console: Console, outcomes: Sequence[SiteOutcome]) -> None:
    """Print notes once, with the sites they are about."""
    about: dict[str, list[str]] = {}
    for outcome in outcomes:
        for note in said(outcome) if outcome.found is not None else ():
            about.setdefault(note, []).append(outcome.site_id)
    for note, sites in sorted(about.items(), key=lambda item: -len(item[1]))[:_MOST_NOTES]:
        whose = sites[0] if len(sites) == 1 else f"{len(sites)} sites"
        console.print(f"  - {whose}: {note}", markup=False, soft_wrap=True)
    if len(about) > _MOST_NOTES:
        console.print(f"  - {len(about) - _MOST_NOTES} more notes in the file", markup=False)
