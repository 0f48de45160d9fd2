"""Which settlement run may follow which."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vpp.foundation.errors import InvalidInput, WrongState
from vpp.settlement.run_type import RunType
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.settlement_dues import has_lost_readings
from vpp.workflows.settlement_events import month_of
from vpp.workflows.settlement_inputs import has_final
from vpp.workflows.settlement_records import RunRecord


def check_run(  # noqa: PLR0913  what is asked for, and what it is held against
    period: str,
    runs: Sequence[RunRecord],
    rules: MarketRules,
    now: datetime,
    *,
    as_of: datetime | None,
    run_type: RunType | None,
) -> None:
    """Refuse a run that may not follow the runs before.

    Args:
        period: Settlement period, YYYY-MM.
        runs: Its runs so far.
        rules: The hub's rules.
        now: The present instant.
        as_of: Readings received later are to be left out; None for none.
        run_type: Why the run is to be made; None lets the facts decide.

    Raises:
        InvalidInput: `as_of` lies ahead, or before the last run's.
        WrongState: The run type may not follow, or readings of the month are no longer kept.
    """
    if as_of is not None and as_of > now:
        raise InvalidInput(
            f"as_of is {as_of.isoformat()}, expected an instant that is over, at most {now.isoformat()}",
            as_of=as_of.isoformat(),
        )
    if as_of is not None and runs and as_of < runs[-1].as_of:
        raise InvalidInput(
            f"as_of is {as_of.isoformat()}, expected {runs[-1].as_of.isoformat()} or later: the last run of "
            f"{period} knew what had come by then",
            as_of=as_of.isoformat(),
        )
    if has_lost_readings(period, runs, rules, now):
        raise WrongState(
            f"{period} was settled before evidence was kept, and readings are kept for "
            f"{rules.telemetry.keep_raw.days} days: it cannot be settled again",
            period=period,
        )
    asked = "none" if run_type is None else run_type.name
    if has_final(runs) and run_type not in {None, RunType.ADJUSTMENT}:
        raise WrongState(
            f"run type is {asked}, but {period} has its final version: only ADJUSTMENT may follow",
            run_type=asked,
        )
    if run_type is RunType.INITIAL and runs:
        raise WrongState(f"run type is INITIAL, but {period} has been settled before", run_type=asked)
    if run_type in {RunType.RECALC, RunType.ADJUSTMENT} and not runs:
        raise WrongState(f"run type is {asked}, but {period} has not been settled before", run_type=asked)
    if run_type is RunType.FINAL and now < month_of(period).end + timedelta(days=1):
        raise WrongState(f"run type is FINAL, but {period} is not over everywhere", run_type=asked)
