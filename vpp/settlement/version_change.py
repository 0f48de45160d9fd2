"""What a version of a statement changes against the one before."""

from collections.abc import Sequence
from dataclasses import replace

from vpp.settlement.line_code import flow_of
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_line import StatementLine


def against_previous(
    lines: Sequence[StatementLine],
    previous_lines: Sequence[StatementLine],
    *,
    statement_id: str,
    version: int,
    run_type: RunType,
) -> tuple[StatementLine, ...]:
    """Fill in each line's change, and take back the lines that no longer apply.

    A line that only the earlier version has is repeated with the amount zero, so that the changes
    of all versions add up to the last amounts.

    Args:
        lines: Lines of the new version, as if there were no other.
        previous_lines: Lines of the version before.
        statement_id: Id of the new version.
        version: Its number, one more than the version before.
        run_type: Why it is written.

    Returns:
        The new version's lines with their changes, then the lines taken back, numbered on.
    """
    before = {line.key: line for line in previous_lines}
    changed = []
    for line in lines:
        old = before.pop(line.key, None)
        delta = line.amount - old.amount if old else line.amount
        changed.append(replace(line, delta_amount=delta, prev_version=version - 1))
    for line_no, old in enumerate(before.values(), start=len(changed) + 1):
        taken_back = replace(_without_quantities(old), statement_id=statement_id, version=version)
        changed.append(replace(taken_back, run_type=run_type, line_no=line_no, prev_version=version - 1))
    return tuple(changed)


def _without_quantities(old: StatementLine) -> StatementLine:
    """Return a line of the version before with its amount taken back and nothing left to sum."""
    nothing = old.amount - old.amount
    return replace(
        old,
        award_kw=None,
        target_kw=None,
        baseline_raw_kwh=None,
        adjustment_kwh=None,
        baseline_kwh=None,
        metered_kwh=None,
        quality=None,
        delivered_kwh=None,
        payable_kwh=None,
        band_code=None,
        availability_kw_h=None,
        price=None,
        price_unit="",
        amount=nothing,
        flow=flow_of(nothing),
        penalty_basis_kwh=None,
        delta_amount=nothing - old.amount,
        co2_kg=None,
        note=f"taken back: no longer applies after version {old.version}" if old.amount else old.note,
    )
