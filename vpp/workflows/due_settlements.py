"""Settlements that fall due: which months they concern, and what has to wait."""

from datetime import timedelta

from vpp.dispatch.event import EventState
from vpp.foundation.errors import VppError
from vpp.settlement.run_type import RunType
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit
from vpp.workflows.settlement_dues import FINAL, owe_again, settlement_due, waits_for_calendar
from vpp.workflows.settlement_events import civil_months, events_near, is_near_the_turn
from vpp.workflows.settlement_inputs import has_final
from vpp.workflows.settling import run_settlement

PATIENCE = timedelta(hours=1)
"""How long a settlement that has to wait waits before it looks again."""


def settle_due(units: UnitOfWorkFactory, rules: MarketRules, subject: str) -> None:
    """Settle a period that has fallen due, and months of sites for which its events began in another one.

    Args:
        units: Makes the transactions.
        rules: The hub's rules.
        subject: `YYYY-MM/` and the time it was owed for, with `final-` before it for a final version.
    """
    period, _, rest = subject.partition("/")
    wanted = RunType.FINAL if rest.startswith(FINAL) else None
    with units(write=False) as uow:
        later = waits_for_calendar(period, rules, uow.now)
        months = [] if later else _months(uow, period, rules)
        if wanted is RunType.FINAL and has_final(uow.settlement_runs.of_period(period)):
            wanted = None
    if later:
        with units() as uow:
            uow.due.add(settlement_due(period, later))
            uow.commit()
        return
    failure: VppError | None = None
    for month in months:
        try:
            outcome = run_settlement(units, rules, month, run_type=wanted if month == period else None)
        except VppError as error:  # what keeps one month from being settled is nothing to another
            failure = failure or error
            continue
        if outcome.waiting_reason:
            with units() as uow:
                is_final = wanted is RunType.FINAL
                owe_again(uow, period, uow.now + PATIENCE, is_final=is_final, after=uow.now)
                audit(uow, HUB, "wait_with_settlement", f"periods/{month}", reason=outcome.waiting_reason)
                uow.commit()
            break
    if failure is not None:
        raise failure


def _months(uow: UnitOfWork, period: str, rules: MarketRules) -> list[str]:
    """Return a period and the civil months that events near it began in somewhere and wait for settlement."""
    months = {period}
    for stored in events_near(uow, period):
        if stored.value.state is EventState.MEASURED and is_near_the_turn(stored.value):
            months |= set(civil_months(uow, stored.value, rules).values())
    return sorted(months)
