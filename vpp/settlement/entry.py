"""Entries of the ledger: one amount, from one account to another, never changed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vpp.foundation.interval import Interval
from vpp.settlement.account import Account
from vpp.settlement.line_code import LineCode


@dataclass(frozen=True, slots=True)
class EntryKey:
    """What an entry settles: the same in every run, so that a run can be compared with the ones before.

    Attributes:
        event_id: The event; empty for what belongs to none.
        site_id: The site; empty for what belongs to none.
        interval: What is settled.
        code: What it is for.
        adjustment_id: The adjustment, on lines of adjustments; empty on others.
    """

    event_id: str
    site_id: str
    interval: Interval
    code: LineCode
    adjustment_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A double entry: an amount leaves one account and arrives at another.

    An entry of a later run holds the change, which may be below zero; what was booked is never altered.

    Attributes:
        key: What it settles.
        period: Settlement period, YYYY-MM.
        run_id: The settlement run that booked it.
        payer: Account that the amount leaves.
        payee: Account that it arrives at; of the same currency.
        amount: The change, a whole number of minor units, never 0.
        booked_at: When.
    """

    key: EntryKey
    period: str
    run_id: str
    payer: Account
    payee: Account
    amount: Decimal
    booked_at: datetime
