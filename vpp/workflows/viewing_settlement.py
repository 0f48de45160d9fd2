"""What callers read back of settlement: runs, and what stands on accounts."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from vpp.settlement.account import Account
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.settlement_records import RunRecord
from vpp.workflows.visibility import Page, PageRequest, T, sees_party


def list_runs(units: UnitOfWorkFactory, request: PageRequest, *, period: str = "") -> Page[RunRecord]:
    """List settlement runs by period and number; roles decide who may ask.

    Args:
        units: Makes the transaction.
        request: Which page.
        period: Only of this one, YYYY-MM; empty for all.
    """
    with units(write=False) as uow:
        periods = [period] if period else uow.settlement_runs.periods()
        runs = [run for each in periods for run in uow.settlement_runs.of_period(each)]
    return _page(runs, [run.run_id for run in runs], request)


def list_balances(
    units: UnitOfWorkFactory,
    principal: Principal,
    request: PageRequest,
    *,
    period: str = "",
    as_of: datetime | None = None,
) -> Page[tuple[Account, Decimal]]:
    """List what stands on the accounts of parties that the caller may see, by account.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        request: Which page.
        period: Only what this one booked, YYYY-MM; empty for all.
        as_of: As booked by this instant, inclusive; None for the present.
    """
    # The hub adds up: each entry has two accounts, of which one may be another's.
    with acting_as(None), units(write=False) as uow:
        balances = [
            (account, balance)
            for account, balance in uow.ledger.balances(period=period or None, until=as_of)
            if sees_party(principal, account.party_id)
        ]
    return _page(balances, [account.account_id for account, _ in balances], request)


def _page(values: Sequence[T], ids: Sequence[str], request: PageRequest) -> Page[T]:
    """Cut a page out of a list; an unknown token begins it again."""
    first = ids.index(request.page_token) + 1 if request.page_token in ids else 0
    items = values[first : first + request.limit]
    last = first + len(items)
    return Page(tuple(items), ids[last - 1] if items and last < len(ids) else "")
