"""`vpp baseline compute`: what sites would have used in an event."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.scoring.gaming import gaming_flags
from vpp.baseline.scoring.gaming_flag import GamingFlag
from vpp.cli.auction.files import check_targets, write_all
from vpp.cli.auction.progress import working
from vpp.cli.baseline.compute_document import compute_document
from vpp.cli.baseline.compute_tables import print_outcomes
from vpp.cli.baseline.progress import counting
from vpp.cli.baseline.rule_library import read_rules, rule_named
from vpp.cli.baseline.site_inputs import InputFiles, SiteInput, read_inputs
from vpp.cli.baseline.site_outcome import SiteOutcome, interval_rows
from vpp.cli.output import to_json
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule

_BATCH = 200


@dataclass(frozen=True, slots=True)
class ComputeTask:
    """What to compute, and where the results go.

    Attributes:
        method: The rule's id.
        event: The event, UTC.
        notice_at: When the sites were told, UTC; None if that is not known.
        files: What is known of the sites.
        out: File of the intervals, CSV.
        plot: File of the drawing, PNG; None for none.
        rules: Folder of the rules; None for those that come with the project.
        direction: Which way the event asks consumption to move.
    """

    method: str
    event: Interval
    notice_at: datetime | None
    files: InputFiles
    out: Path
    plot: Path | None = None
    rules: Path | None = None
    direction: Direction = Direction.LOAD_DOWN


def compute_files(task: ComputeTask, *, as_json: bool) -> bool:
    """Compute baselines, write all that was asked for, then print the summary.

    Nothing is written unless everything succeeded. Intervals are written even where no site has a
    baseline, with the reason.

    Returns:
        Whether at least one site has a baseline.

    Raises:
        NotFound: A rule, a file or a site is missing.
        InvalidInput: A file does not hold what it should, the event does not fit the meter's intervals,
            or a target cannot be written.
    """
    targets = {
        option: path for option, path in (("--out", task.out), ("--plot", task.plot)) if path is not None
    }
    check_targets(targets, inputs=task.files.named())
    library = read_rules(task.rules)
    rule = rule_named(library, task.method)
    with working("Reading and checking meter files"):
        inputs = read_inputs(task.files)
    outcomes = _outcomes(rule, library, inputs, task)
    with working("Writing results"):
        rows = {outcome.site_id: interval_rows(outcome, rule, task.event) for outcome in outcomes}
        contents = {task.out: to_csv(pd.concat(rows.values()))}
        if task.plot is not None:
            from vpp.cli.baseline.compute_drawing import draw  # noqa: PLC0415  starts faster where nothing is drawn

            picture = draw(rule, task.event, task.notice_at, outcomes, rows)
            contents |= {} if picture is None else {task.plot: picture}
        write_all(contents)
    console = Console(highlight=False)
    if as_json:
        document = compute_document(rule, task.event, task.notice_at, outcomes, rows)
        console.out(to_json(document))
    else:
        print_outcomes(console, rule, task.event, outcomes, rows)
        console.print(f"Wrote {', '.join(map(str, contents))}.", soft_wrap=True, markup=False)
    return any(outcome.found is not None for outcome in outcomes)


def to_csv(rows: pd.DataFrame) -> bytes:
    """Write rows as CSV: instants in ISO 8601 UTC, numbers to a millionth, gaps empty."""
    columns = {
        name: rows[name].map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}")
        for name in rows.columns
        if name.endswith("_time")
    }
    text = rows.assign(**columns).to_csv(index=False, float_format="%.6f", lineterminator="\n")
    return text.encode()


def _outcomes(
    rule: BaselineRule, library: dict[str, BaselineRule], inputs: dict[str, SiteInput], task: ComputeTask
) -> list[SiteOutcome]:
    names = list(inputs)
    outcomes: list[SiteOutcome] = []
    with counting(f"Computing {rule.baseline_id}", "sites") as report:
        for begin in range(0, len(names), _BATCH):
            batch = names[begin : begin + _BATCH]
            meters = [inputs[name].meter for name in batch]
            found = compute_baselines(rule, meters, task.event, notice_at=task.notice_at, library=library)
            for name, meter, baseline in zip(batch, meters, found, strict=True):
                flags: tuple[GamingFlag, ...] = ()
                if isinstance(baseline, RuleBaseline):
                    flags = gaming_flags(
                        rule,
                        meter,
                        task.event,
                        baseline,
                        notice_at=task.notice_at,
                        library=library,
                        direction=task.direction,
                    )
                outcomes.append(SiteOutcome(name, meter, inputs[name].edited, baseline, flags))
                report(len(outcomes), len(names))
    return outcomes
