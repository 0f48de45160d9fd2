"""What changed between two versions of a statement, line by line.

Files are compared as they stand, cell by cell, so that nothing is hidden by how they are read. Of two
versions of the same party, period and currency, a line is

- *added* where only the later one has it,
- *taken back* where the later one repeats it with nothing in it, or no longer has it,
- *changed* where any cell differs that is not about the version itself.

The sum of the lines' changes is the difference of the two totals, to the last digit:
total(later) - total(earlier) = sum over lines of (amount later - amount earlier).
"""

import enum
from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.errors import InvalidInput
from vpp.settlement.statement_rows import Key, Row, StatementRows, number_in

ZERO = Decimal(0)
OF_THE_VERSION = frozenset({"statement_id", "version", "run_type", "line_no", "delta_amount", "prev_version"})
"""Columns that differ between versions by their nature."""
SAME_IN_BOTH = ("party_id", "settlement_period", "currency")
TAKEN_BACK = "taken back"
"""How the note of a line begins that a version takes back."""


class ChangeKind(enum.Enum):
    """What became of a line.

    Attributes:
        ADDED: Only the later version has it.
        CHANGED: Both have it, and a cell differs.
        TAKEN_BACK: The later version takes it back, or no longer has it.
    """

    ADDED = "added"
    CHANGED = "changed"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that differs.

    Attributes:
        column: Its column.
        before: Its text in the earlier version; empty where there was none.
        after: Its text in the later one.
    """

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line that differs.

    Attributes:
        kind: What became of it.
        line_code: What it is for.
        event_id: The event.
        site_id: The site.
        interval_start_utc: First instant of its interval, as text of the file.
        line_no_before: Its number in the earlier version; None where it was not there.
        line_no_after: Its number in the later version; None where it is not there.
        amount_before: Its amount in the earlier version, 0 where it was not there.
        amount_after: Its amount in the later version, 0 where it is not there.
        cells: The cells that differ, for a line that both versions have.
        note: What the later version says about it, or the earlier where it is gone.
    """

    kind: ChangeKind
    line_code: str
    event_id: str
    site_id: str
    interval_start_utc: str
    line_no_before: int | None
    line_no_after: int | None
    amount_before: Decimal
    amount_after: Decimal
    cells: tuple[CellChange, ...]
    note: str

    @property
    def delta_amount(self) -> Decimal:
        """Change of the amount."""
        return self.amount_after - self.amount_before


@dataclass(frozen=True, slots=True)
class StatementDiff:
    """What changed from one version to another.

    Attributes:
        before_id: The earlier version.
        after_id: The later version.
        run_type: Why the later version was written.
        currency: Of both.
        total_before: Sum of the earlier version's lines.
        total_after: Sum of the later version's lines.
        line_count_before: Lines of the earlier version.
        line_count_after: Lines of the later version.
        changes: Lines that differ, in the later version's order, those that are gone last.
        faults: Changes that the later version states and that are not so; empty in an honest file.
    """

    before_id: str
    after_id: str
    run_type: str
    currency: str
    total_before: Decimal
    total_after: Decimal
    line_count_before: int
    line_count_after: int
    changes: tuple[LineChange, ...]
    faults: tuple[str, ...]

    @property
    def delta_amount(self) -> Decimal:
        """Change of the total."""
        return self.total_after - self.total_before

    @property
    def delta_by_code(self) -> dict[str, Decimal]:
        """Change of the amounts by line code, in order of the codes; only codes that change."""
        sums: dict[str, Decimal] = {}
        for change in self.changes:
            sums[change.line_code] = sums.get(change.line_code, ZERO) + change.delta_amount
        return {code: sums[code] for code in sorted(sums) if sums[code]}


def diff_statements(earlier: bytes, later: bytes) -> StatementDiff:
    """Compare two versions of a statement.

    Args:
        earlier: CSV file of the one.
        later: CSV file of the other, of the same party, period and currency.

    Returns:
        What differs; no changes where nothing does.

    Raises:
        InvalidInput: A file is no statement, or they are not two versions of one, the earlier first.
    """
    before, after = StatementRows(earlier, "first"), StatementRows(later, "second")
    _check_versions(before.first, after.first)
    columns = [column for column in after.header if column not in OF_THE_VERSION]
    known: dict[Key, tuple[bytes, Decimal]] = {}
    total_before, total_after, line_count_after = ZERO, ZERO, 0
    for key, cells in before.cells():
        known[key] = (before.digest(cells, columns), before.number(cells, "amount"))
        total_before += known[key][1]
    line_count_before = len(known)
    # Of most of a million rows only those that differ are held, of the others digests.
    odd: dict[Key, Row] = {}
    faults = []
    for key, cells in after.cells():
        digest, old_amount = known.pop(key, (b"", ZERO))
        amount, stated = after.number(cells, "amount"), after.number(cells, "delta_amount")
        if digest != after.digest(cells, columns):
            odd[key] = after.row(cells)
        if stated != amount - old_amount:
            faults.append(
                f"line {after.row(cells)['line_no']} states a change of {stated}, the amounts differ by "
                f"{amount - old_amount:f}"
            )
        total_after += amount
        line_count_after += 1
    olds = {key: before.row(cells) for key, cells in before.cells() if key in odd or key in known}
    changes = [change for key, row in odd.items() if (change := _change(olds.get(key), row)) is not None]
    changes += [change for key in known if (change := _gone(olds[key])) is not None]
    follows = after.first["prev_version"] == before.first["version"]
    return StatementDiff(
        before_id=before.first["statement_id"],
        after_id=after.first["statement_id"],
        run_type=after.first["run_type"],
        currency=after.first["currency"],
        total_before=total_before,
        total_after=total_after,
        line_count_before=line_count_before,
        line_count_after=line_count_after,
        changes=tuple(changes),
        faults=tuple(faults) if follows else (),
    )


def changed_cells(earlier: bytes, line: bytes) -> tuple[CellChange, ...]:
    """Compare one line with what an earlier version says of the same thing.

    Args:
        earlier: CSV file of the version before.
        line: CSV file of the one line, with its header.

    Returns:
        The cells that differ and are not about the version itself; none where the earlier version has no such
        line.

    Raises:
        InvalidInput: A file is no statement.
    """
    before, now = StatementRows(earlier, "first"), StatementRows(line, "second")
    [(wanted, cells)] = now.cells()
    old = next((before.row(found) for key, found in before.cells() if key == wanted), None)
    return () if old is None else _cells(old, now.row(cells))


def _check_versions(before: Row, after: Row) -> None:
    """Refuse what are not two versions of one statement, the earlier first."""
    for column in SAME_IN_BOTH:
        if before[column] != after[column]:
            raise InvalidInput(
                f"{column} is {before[column]!r} in {before['statement_id']} and {after[column]!r} in "
                f"{after['statement_id']}, expected two versions of one statement",
                column=column,
            )
    try:
        in_order = int(before["version"]) <= int(after["version"])
    except ValueError:
        in_order = False
    if not in_order:
        raise InvalidInput(
            f"version {before['version']!r} does not come before {after['version']!r}, expected the earlier "
            "version first",
            version=before["version"],
        )


def _cells(old: Row | None, new: Row) -> tuple[CellChange, ...]:
    """Return the cells that differ and are not about the version itself."""
    return tuple(
        CellChange(column, "" if old is None else old.get(column, ""), text)
        for column, text in new.items()
        if column not in OF_THE_VERSION and (old is None or old.get(column, "") != text)
    )


def _change(old: Row | None, new: Row) -> LineChange | None:
    """Compare one line; None where nothing differs that is worth telling."""
    is_there, was_there = not _is_empty(new), old is not None and not _is_empty(old)
    if not is_there and not was_there:
        return None
    cells = _cells(old, new)
    if not cells:
        return None
    if not is_there:
        return _line_change(ChangeKind.TAKEN_BACK, old, new, cells)
    if not was_there:
        return _line_change(ChangeKind.ADDED, old, new, () if old is None else cells)
    return _line_change(ChangeKind.CHANGED, old, new, cells)


def _gone(old: Row) -> LineChange | None:
    """Tell of a line that the later version no longer has; None where it had been taken back before."""
    return None if _is_empty(old) else _line_change(ChangeKind.TAKEN_BACK, old, None, ())


def _is_empty(row: Row) -> bool:
    """Tell whether a line only takes something back, so that nothing is left in it."""
    return row["note"].startswith(TAKEN_BACK) and not row["price"] and not _amount(row)


def _line_change(
    kind: ChangeKind, old: Row | None, new: Row | None, cells: tuple[CellChange, ...]
) -> LineChange:
    row = new if new is not None else old
    assert row is not None  # noqa: S101  one of the two is always given
    return LineChange(
        kind=kind,
        line_code=row["line_code"],
        event_id=row["event_id"],
        site_id=row["site_id"],
        interval_start_utc=row["interval_start_utc"],
        line_no_before=None if old is None else _line_no(old),
        line_no_after=None if new is None else _line_no(new),
        amount_before=ZERO if old is None else _amount(old),
        amount_after=ZERO if new is None else _amount(new),
        cells=cells,
        note=row["note"],
    )


def _line_no(row: Row) -> int:
    return int(number_in(row["line_no"], "line_no", row["line_no"], row["statement_id"]))


def _amount(row: Row) -> Decimal:
    return number_in(row["amount"], "amount", row["line_no"], row["statement_id"])
