"""The ledger: entries that are appended, and what they add up to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import BigInteger, Select, func, insert, or_, select, type_coerce

from vpp.foundation.errors import AlreadyExists
from vpp.foundation.interval import Interval
from vpp.foundation.money import MINOR_DIGITS
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.entry import Entry, EntryKey
from vpp.settlement.line_code import LineCode
from vpp.storage.many_rows import ManyRows
from vpp.storage.tables.ledger import LEDGER_ACCOUNTS, LEDGER_ENTRIES, SETTLEMENT_RUNS
from vpp.storage.transaction import Transaction

CHUNK = 20_000
"""Entries that are written at a time."""
ENTRY = LEDGER_ENTRIES.c
ACCOUNT = LEDGER_ACCOUNTS.c
RUN = SETTLEMENT_RUNS.c
MICRO_DIGITS = 6
MICRO = type_coerce(ENTRY.amount, BigInteger)
MICRO_SUM = func.sum(MICRO)
KEY = (ENTRY.event_id, ENTRY.site_id, ENTRY.start_at, ENTRY.end_at, ENTRY.code, ENTRY.adjustment_id)
NEW_ENTRIES = ManyRows(
    LEDGER_ENTRIES,
    [name for name in LEDGER_ENTRIES.columns.keys() if name != "entry_number"],  # noqa: SIM118  a collection of columns
)


class SqlLedgerRepository:
    """The ledger; implements `workflows.settlement_ports.LedgerRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self._opened: dict[Account, int] = {}

    def append(self, entries: Iterable[Entry]) -> int:
        """Book entries and return how many.

        Raises:
            AlreadyExists: An entry of that run, key and accounts is there.
            BrokenPromise: The database finds that an invariant would not hold.
            InvalidInput: A run, party or site is not there, or an account's currency is another one.
        """
        left, count = iter(entries), 0
        while some := list(islice(left, CHUNK)):
            self._open_accounts(some)
            rows = [self._row(entry) for entry in some]
            self._transaction.noted(LEDGER_ENTRIES, ((entry.run_id,) for entry in some))
            if NEW_ENTRIES.insert(self._transaction, rows) != len(rows):
                raise AlreadyExists(f"entries of {some[0].run_id} are booked already", run=some[0].run_id)
            count += len(rows)
        return count

    def booked(
        self, period: str, *, up_to_run: int | None = None, party_id: str = ""
    ) -> Mapping[EntryKey, tuple[Account, Account, Decimal]]:
        """Return what stands booked in a period: payer, payee and the sum over all runs, also where 0.

        Args:
            period: Settlement period, YYYY-MM.
            up_to_run: Number of the last run that counts; None for all.
            party_id: Only what this party pays or is paid; empty for everybody's.
        """
        newest = func.max(ENTRY.entry_number)
        runs = _runs_of(period)
        if up_to_run is not None:
            runs = runs.where(RUN.number <= up_to_run)
        statement = (
            select(*KEY, ENTRY.payer_number, ENTRY.payee_number, MICRO_SUM)
            .where(ENTRY.run_id.in_(runs.scalar_subquery()))
            .group_by(*KEY, ENTRY.payer_number, ENTRY.payee_number)
            .order_by(newest)
        )
        if party_id:
            own = select(ACCOUNT.account_number).where(ACCOUNT.party_id == party_id).scalar_subquery()
            statement = statement.where(or_(ENTRY.payer_number.in_(own), ENTRY.payee_number.in_(own)))
        accounts, spans, codes = self._accounts(), _Spans(), _CODES
        booked: dict[EntryKey, tuple[Account, Account, Decimal]] = {}
        rows: Iterable[Any] = self._transaction.read(statement)
        for event_id, site_id, start, end, code, adjustment_id, payer, payee, micro in rows:
            key = EntryKey(event_id, site_id, spans[start, end], codes[code], adjustment_id)
            amount = _amount(micro, accounts[payer].currency)
            # Of a key whose accounts have changed, all but the newest pair add up to 0.
            if key in booked and not amount and booked[key][2]:
                continue
            booked[key] = (accounts[payer], accounts[payee], amount)
        return booked

    def adjustment_ids(self, period: str) -> frozenset[str]:
        """Return the adjustments that are booked in a period."""
        statement = (
            select(ENTRY.adjustment_id)
            .where(ENTRY.run_id.in_(_runs_of(period).scalar_subquery()), ENTRY.adjustment_id != "")
            .distinct()
        )
        return frozenset(self._transaction.read(statement).scalars())

    def entries(self, period: str, *, until: datetime | None = None) -> Iterator[Entry]:
        """Return a period's entries in the order in which they were booked, up to an instant, inclusive."""
        statement = (
            select(LEDGER_ENTRIES, MICRO.label("micro"), RUN.created_at.label("booked_at"))
            .join(SETTLEMENT_RUNS, RUN.run_id == ENTRY.run_id)
            .where(ENTRY.run_id.in_(_runs_of(period).scalar_subquery()))
            .order_by(ENTRY.entry_number)
        )
        accounts, spans = self._accounts(), _Spans()
        for row in self._transaction.read(_until(statement, until)):
            yield Entry(
                key=EntryKey(
                    row.event_id,
                    row.site_id,
                    spans[row.start_at, row.end_at],
                    _CODES[row.code],
                    row.adjustment_id,
                ),
                period=row.period,
                run_id=row.run_id,
                payer=accounts[row.payer_number],
                payee=accounts[row.payee_number],
                amount=_amount(row.micro, row.currency),
                booked_at=row.booked_at,
            )

    def balances(
        self, *, period: str | None = None, until: datetime | None = None
    ) -> Sequence[tuple[Account, Decimal]]:
        """Return every account's balance (received less paid), by account id, as of an instant."""
        sums: dict[int, int] = {}
        for column, sign in ((ENTRY.payee_number, 1), (ENTRY.payer_number, -1)):
            statement = (
                select(column, MICRO_SUM).join(SETTLEMENT_RUNS, RUN.run_id == ENTRY.run_id).group_by(column)
            )
            if period is not None:
                statement = statement.where(ENTRY.run_id.in_(_runs_of(period).scalar_subquery()))
            rows: Iterable[Any] = self._transaction.read(_until(statement, until))
            for number, micro in rows:
                sums[number] = sums.get(number, 0) + sign * int(micro)
        accounts = self._accounts()
        balances = [
            (accounts[number], _amount(micro, accounts[number].currency)) for number, micro in sums.items()
        ]
        return sorted(balances, key=lambda balance: balance[0].account_id)

    def _row(self, entry: Entry) -> dict[str, Any]:
        key = entry.key
        return {
            "run_id": entry.run_id,
            "period": entry.period,
            "event_id": key.event_id,
            "site_id": key.site_id,
            "start_at": key.interval.start,
            "end_at": key.interval.end,
            "code": key.code.value,
            "adjustment_id": key.adjustment_id,
            "payer_number": self._opened[entry.payer],
            "payee_number": self._opened[entry.payee],
            "currency": entry.payer.currency,
            "amount": entry.amount,
        }

    def _open_accounts(self, entries: Sequence[Entry]) -> None:
        """Make the accounts that are not there yet."""
        wanted = {
            account for entry in entries for account in (entry.payer, entry.payee)
        } - self._opened.keys()
        if not wanted:
            return
        self._opened |= {account: number for number, account in self._accounts().items()}
        missing = sorted(wanted - self._opened.keys(), key=lambda account: account.account_id)
        if not missing:
            return
        self._transaction.noted(LEDGER_ACCOUNTS, ((account.account_id,) for account in missing))
        self._transaction.write(
            insert(LEDGER_ACCOUNTS),
            [
                {
                    "account_id": account.account_id,
                    "party_id": account.party_id,
                    "kind": account.kind.value,
                    "site_id": account.site_id or None,
                    "currency": account.currency,
                    "created_at": self._transaction.now,
                }
                for account in missing
            ],
        )
        self._opened |= {account: number for number, account in self._accounts().items()}

    def _accounts(self) -> dict[int, Account]:
        return {
            row.account_number: Account(row.party_id, AccountKind(row.kind), row.currency, row.site_id or "")
            for row in self._transaction.read(select(LEDGER_ACCOUNTS))
        }


class _Spans(dict[tuple[datetime, datetime], Interval]):
    """Intervals by their bounds: thousands of entries have the same few."""

    def __missing__(self, bounds: tuple[datetime, datetime]) -> Interval:
        """Make an interval that was not asked for before."""
        span = self[bounds] = Interval(*bounds)
        return span


_CODES = {code.value: code for code in LineCode}


def _amount(micro: int | Decimal, currency: str) -> Decimal:
    """Return millionths, or the sum of some, as an amount with the digits of its currency."""
    digits = MINOR_DIGITS[currency]
    whole, rest = divmod(int(micro), 10 ** (MICRO_DIGITS - digits))
    return Decimal(int(micro)).scaleb(-MICRO_DIGITS) if rest else Decimal(whole).scaleb(-digits)


def _runs_of(period: str) -> Select[Any]:
    """Select the runs of a period; their entries are found by them."""
    return select(RUN.run_id).where(RUN.period == period)


def _until(statement: Select[Any], until: datetime | None) -> Select[Any]:
    return statement if until is None else statement.where(RUN.created_at <= until.astimezone(UTC))
