"""What a run changes: what is owed now less what stands booked, key by key.

Let c be what a key is charged now, from its payer to its payee (0 where nothing is), and b what stands
booked, from the payer and to the payee of then. A run books

    c - b                    where the accounts are those of then
    -b between those of then, and c between those of now, where they are not

and nothing where that is 0. So what is booked for a key always adds up to what it is charged by the newest
run, between the accounts of that run, and to 0 between any others. Both legs of an entry are one row:
whatever a run changes, over all accounts it changes nothing.

A party's statement shows the same: per key, what is paid to the party now and the difference to what was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from vpp.foundation.errors import BrokenPromise
from vpp.settlement.account import Account
from vpp.settlement.charge import Charge
from vpp.settlement.entry import Entry, EntryKey
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine, line_of, line_taken_back

Booked = tuple[Account, Account, Decimal]
"""Payer, payee and what stands booked from one to the other."""
Purse = tuple[str, str]
"""Party and currency: what one statement is about."""
NOTHING = Decimal(0)


class Change(NamedTuple):
    """What is owed for a key now, and what stands booked for it.

    Attributes:
        key: The key.
        charge: What is owed now; None where nothing is any more.
        before: What stands booked; None where nothing ever was.
    """

    key: EntryKey
    charge: Charge | None
    before: Booked | None

    def amounts(self, purse: Purse) -> tuple[Decimal, Decimal]:
        """Return what stood booked and what is owed now, as a party sees it: positive is paid to it."""
        was = now = NOTHING
        if self.before is not None:
            was = _seen(purse, *self.before)
        if self.charge is not None:
            now = _seen(purse, self.charge.payer, self.charge.payee, self.charge.amount)
        return was, now


def _seen(purse: Purse, payer: Account, payee: Account, amount: Decimal) -> Decimal:
    seen = NOTHING
    if (payee.party_id, payee.currency) == purse:
        seen += amount
    if (payer.party_id, payer.currency) == purse:
        seen -= amount
    return seen


def changes(charges: Iterable[Charge], booked: Mapping[EntryKey, Booked]) -> list[Change]:
    """Compare what is owed with what stands booked.

    Args:
        charges: Everything that is owed for a period, each key once.
        booked: What stands booked for the period.

    Returns:
        One change per charge, in their order, then one per key that was ever booked and is charged no more,
        by time, event, site and code: a line that was taken back stays on later versions with amount 0.

    Raises:
        BrokenPromise: Two charges have one key.
    """
    left = dict(booked)
    found = [Change(key, charge, left.pop(key, None)) for charge in charges for key in (charge.key,)]
    if len({change.key for change in found}) != len(found):
        raise BrokenPromise(
            "two charges have one key, so that one would take the other's place in the ledger"
        )
    gone = [Change(key, None, before) for key, before in left.items()]
    return found + sorted(gone, key=lambda change: _order(change.key))


def _order(key: EntryKey) -> tuple[object, ...]:
    return (key.interval, key.event_id, key.site_id, key.code.value, key.adjustment_id)


def entries_of(
    compared: Iterable[Change], *, period: str, run_id: str, booked_at: datetime
) -> Iterator[Entry]:
    """Return what a run books: the differences, and nothing where there is none.

    Args:
        compared: From `changes`.
        period: Settlement period, YYYY-MM.
        run_id: The run.
        booked_at: When.
    """
    for key, charge, before in compared:
        if before is not None:
            payer, payee, was = before
            if charge is not None and (charge.payer, charge.payee) == (payer, payee):
                if charge.amount != was:
                    yield Entry(key, period, run_id, payer, payee, charge.amount - was, booked_at)
                continue
            if was:
                yield Entry(key, period, run_id, payer, payee, -was, booked_at)
        if charge is not None and charge.amount:
            yield Entry(key, period, run_id, charge.payer, charge.payee, charge.amount, booked_at)


def by_party(compared: Iterable[Change]) -> dict[Purse, list[Change]]:
    """Sort changes by whom they concern: everybody who pays or is paid, now or then.

    What moves between two accounts of one party concerns nobody: it is booked, and stands on no statement.
    """
    found: dict[Purse, list[Change]] = {}
    for change in compared:
        _, charge, before = change
        purses = []
        if charge is not None and charge.payer.party_id != charge.payee.party_id:
            payer, payee = charge.payer, charge.payee
            purses = [(payer.party_id, payer.currency), (payee.party_id, payee.currency)]
        if before is not None and (charge is None or (before[0], before[1]) != (charge.payer, charge.payee)):
            payer, payee, _ = before
            if payer.party_id != payee.party_id:
                purses += [(payer.party_id, payer.currency), (payee.party_id, payee.currency)]
        for purse in dict.fromkeys(purses):
            found.setdefault(purse, []).append(change)
    return found


def party_lines(
    charges: Iterable[Charge],
    booked: Mapping[EntryKey, Booked],
    head: StatementHead,
    deliveries: Iterable[SiteDelivery],
) -> Iterator[tuple[StatementLine, Charge | None]]:
    """Return the lines of one party's statement, each with its charge.

    Args:
        charges: What is owed; of others' charges nothing is shown.
        booked: What stood booked before.
        head: The statement: its party and currency are shown.
        deliveries: Deliveries of the period, to say what a line was about that is taken back.

    Returns:
        The party's charges in their order, then what is taken back, with None.
    """
    own = by_party(changes(charges, booked)).get((head.party_id, head.currency), [])
    return lines_of(own, head, {(each.event_id, each.site_id): each for each in deliveries})


def lines_of(
    own: Sequence[Change], head: StatementHead, deliveries: Mapping[tuple[str, str], SiteDelivery]
) -> Iterator[tuple[StatementLine, Charge | None]]:
    """Return the lines of one party's changes, each with its charge; see `party_lines`.

    Args:
        own: The party's changes, from `by_party`.
        head: The statement.
        deliveries: Deliveries by event and site.
    """
    purse = (head.party_id, head.currency)
    line_no, taken_back = 0, []
    for change in own:
        charge = change.charge
        if charge is None or not _concerns(charge, purse):
            taken_back.append(change)
            continue
        line_no += 1
        before = None
        if change.before is not None:
            was, _ = change.amounts(purse)
            before = was if charge.payee.party_id == head.party_id else -was
        yield line_of(charge, line_no, head, booked_before=before), charge
    for change in taken_back:
        line_no += 1
        was, _ = change.amounts(purse)
        delivery = deliveries.get((change.key.event_id, change.key.site_id))
        yield line_taken_back(change.key, line_no, head, booked_before=was, delivery=delivery), None


def _concerns(charge: Charge, purse: Purse) -> bool:
    party_id, currency = purse
    payer, payee = charge.payer, charge.payee
    return payer.currency == currency and (payer.party_id == party_id) != (payee.party_id == party_id)


class Sums(NamedTuple):
    """What a party's changes come to.

    Attributes:
        changed: How many lines' amounts are not what they were.
        total: What is paid to the party now.
        delta: How much more than before.
    """

    changed: int
    total: Decimal
    delta: Decimal


def sums_of(own: Iterable[Change], purse: Purse) -> Sums:
    """Add up a party's changes.

    Args:
        own: The party's changes, from `by_party`.
        purse: The party and the currency.
    """
    changed, total, delta = 0, NOTHING, NOTHING
    party_id, currency = purse
    for change in own:
        _, charge, before = change
        if before is None and charge is not None and charge.payer.party_id != charge.payee.party_id:
            # So are nearly all, and there are a million of them.
            was, now = NOTHING, charge.amount if charge.payee.party_id == party_id else -charge.amount
        else:
            was, now = change.amounts((party_id, currency))
        if was != now:
            changed += 1
            delta += now - was
        total += now
    return Sums(changed, total, delta)
