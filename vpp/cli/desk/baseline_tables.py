"""Baselines, chosen rules and edited readings, laid out for the terminal."""

import math
from collections.abc import Sequence

from rich.table import Table

from vpp.cli.output import delivery, fields_table, instant, last_part, make_table, power, power_range
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import baseline_pb2 as wire
from vpp.v1 import rule_choice_pb2

SHORT = 12  # digits of a digest that tell two apart at a glance


def baselines_table(baselines: Sequence[wire.Baseline]) -> Table:
    """Lay out an event's baselines, one row per site."""
    table = make_table("Baselines", "site", "method", ">baseline", ">adjustment", ">RRMSE", "flags", "notes")
    for baseline in baselines:
        table.add_row(
            last_part(baseline.site),
            baseline.method,
            power_range(baseline.adjusted_series.net_power_kw),
            _adjustment(baseline),
            f"{baseline.score.rrmse_ratio:.1%}" if baseline.HasField("score") else "not scored",
            ", ".join(flag.kind.replace("_", " ") for flag in baseline.flags),
            str(len(baseline.notes) or ""),
        )
    return table


def baseline_tables(baseline: wire.Baseline) -> list[Table]:
    """Lay out one baseline: what it is, and its figures per interval."""
    rows = [
        ("method", baseline.method),
        ("rule", f"{baseline.baseline_id or '?'} version {baseline.version_number}"),
        ("rule content", baseline.rule_digest[:SHORT]),
        ("engine", baseline.engine_version),
        ("data", baseline.data_version[:SHORT]),
        ("days used", ", ".join(baseline.days_used) or "none"),
        ("adjustment", _adjustment(baseline)),
        ("frozen", instant(instant_from_wire(baseline.freeze_time))),
    ]
    if baseline.HasField("score"):
        rows.append(("score", f"{'passes' if baseline.score.passed else 'fails'}: {baseline.score.verdict}"))
    rows += [("note", note) for note in baseline.notes]
    rows += [("flag", f"{flag.kind.replace('_', ' ')}: {flag.reason}") for flag in baseline.flags]
    title = f"Baseline of {last_part(baseline.site)} in {last_part(baseline.event)}"
    figures = make_table("By interval", "start", ">raw", ">baseline")
    first = instant_from_wire(baseline.raw.start_time)
    step = baseline.raw.sample_interval.ToTimedelta()
    for n, (raw_kw, adjusted_kw) in enumerate(
        zip(baseline.raw.net_power_kw, baseline.adjusted_series.net_power_kw, strict=True)
    ):
        figures.add_row(instant(first + n * step), power(raw_kw), power(adjusted_kw))
    return [fields_table(title, rows), figures]


def verified_table(event: str, site: str, answer: wire.VerifyBaselineResponse) -> Table:
    """Lay out whether a baseline could be made again."""
    verdict = "the same" if answer.matches else "not the same"
    rows = [("made again", verdict), *(("difference", each) for each in answer.differences)]
    return fields_table(f"Baseline of {last_part(site)} in {last_part(event)}", rows)


def edits_table(edits: Sequence[wire.MeterEdit]) -> Table:
    """Lay out edited readings, one row per span."""
    table = make_table("Edited readings", "when", "found", "why", ">read", ">used")
    for edit in edits:
        table.add_row(
            delivery(edit.interval),
            edit.flag.replace("_", " "),
            edit.reason,
            _powers(edit.raw_kw) if edit.raw_kw else "as read",
            _powers(edit.edited_kw) if edit.edited_kw else "as read",
        )
    return table


def choices_table(choices: Sequence[rule_choice_pb2.RuleChoice]) -> Table:
    """Lay out by which rules sites are measured, one row per site, product and season."""
    table = make_table("Rules", "site", "product", "season", "rule", "passes", "why")
    for choice in choices:
        table.add_row(
            last_part(choice.site),
            last_part(choice.product),
            choice.season,
            choice.baseline_id,
            "yes" if choice.recommended else "no",
            choice.reason,
        )
    return table


def scores_table(choice: rule_choice_pb2.RuleChoice) -> Table:
    """Lay out how well each rule fits a site."""
    title = f"Scores at {last_part(choice.site)} for {last_part(choice.product)}, {choice.season}"
    columns = (">events", ">RRMSE", ">bias", ">median error", ">spread", ">p90 error", "passes", "verified")
    table = make_table(title, "rule", *columns)
    for score in choice.scores:
        figures = (
            f"{score.rrmse_ratio:.1%}",
            f"{score.bias_ratio:+.1%}",
            f"{score.median_relative_error_ratio:+.1%}",
            f"{score.variability_ratio:.1%}",
            f"{score.p90_absolute_error_ratio:.1%}",
        )
        table.add_row(
            f"{score.baseline_id} v{score.version_number}",
            str(score.event_count),
            *(figures if score.scored else ("",) * len(figures)),
            "yes" if score.passed else f"no: {score.verdict}",
            "yes" if score.verified else "unverified",
        )
    return table


def _adjustment(baseline: wire.Baseline) -> str:
    if not baseline.adjusted:
        return "none"
    ratio = f" (x {baseline.adjustment_ratio:.3f})" if baseline.adjustment_ratio not in {0.0, 1.0} else ""
    return f"{baseline.adjustment_kw:+,.1f} kW{ratio}{', capped' if baseline.capped else ''}"


def _powers(values_kw: Sequence[float]) -> str:
    known = [value for value in values_kw if not math.isnan(value)]
    return power_range(known) if known else "nothing"
