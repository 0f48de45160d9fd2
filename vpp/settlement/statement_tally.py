"""What the lines of a statement add up to: figures of its summary, control totals of its manifest."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from vpp.foundation.money import minor_unit
from vpp.settlement.line_code import LineCode

QUANTITIES = (
    "baseline_kwh",
    "metered_kwh",
    "delivered_kwh",
    "payable_kwh",
    "availability_kw_h",
    "penalty_basis_kwh",
    "co2_kg",
)
"""Columns of quantities that are summed; on lines without one it counts nothing."""
_NOTHING = Decimal(0)


class StatementTally:
    """Counts and sums lines as they pass, by line code.

    Attributes:
        currency: ISO 4217 code of every amount.
        zero: No money, with the currency's decimal places.
        counts: Lines by code.
        deltas: Sums of the changes by code.
        sites: Every site on a line.
        products: Id and version of every product on a line.
        baselines: Baseline, product and its version on every measured line.
    """

    def __init__(self, currency: str) -> None:
        """Begin with nothing.

        Raises:
            InvalidInput: The currency is not one the project settles in.
        """
        self.currency = currency
        self.zero = minor_unit(currency) * 0
        self.counts: dict[LineCode, int] = {}
        self.deltas: dict[LineCode, Decimal] = {}
        self.sites: set[str] = set()
        self.products: set[tuple[str, int]] = set()
        self.baselines: set[tuple[str, str, int]] = set()
        self._totals: dict[LineCode, Decimal] = {}
        self._quantities: dict[tuple[LineCode, str], Decimal] = {}

    @property
    def totals(self) -> Mapping[LineCode, Decimal]:
        """Sum of the rounded line amounts by code, in the codes' order; codes without a line are left out."""
        return {code: self._totals[code] for code in LineCode if code in self._totals}

    @property
    def total(self) -> Decimal:
        """Sum of all lines; positive is paid to the party."""
        return sum(self._totals.values(), self.zero)

    @property
    def delta(self) -> Decimal:
        """Sum of all changes."""
        return sum(self.deltas.values(), self.zero)

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return sum(self.counts.values())

    def quantity(self, code: LineCode, column: str) -> Decimal:
        """Return the sum of one of `QUANTITIES` over the lines of a code."""
        return self._quantities.get((code, column), _NOTHING)

    def has_quantity(self, code: LineCode, column: str) -> bool:
        """Tell whether a line of a code has one of `QUANTITIES` at all: a sum of none is not 0."""
        return (code, column) in self._quantities

    def total_quantity(self, column: str) -> Decimal:
        """Return the sum of one of `QUANTITIES` over all lines."""
        return sum((self.quantity(code, column) for code in self.counts), _NOTHING)

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Count some lines.

        Args:
            columns: The lines' values by column, all of the same length.
        """
        rows_by_code: dict[LineCode, list[int]] = {}
        codes = columns["line_code"]
        for code in set(codes):
            rows_by_code[code] = [row for row, each in enumerate(codes) if each is code]
        for code, rows in rows_by_code.items():
            self.counts[code] = self.counts.get(code, 0) + len(rows)
            for sums, column in ((self._totals, "amount"), (self.deltas, "delta_amount")):
                values = columns[column]
                sums[code] = sum([values[row] for row in rows], sums.get(code, self.zero))
        for column in QUANTITIES:
            values = columns[column]
            for code, rows in rows_by_code.items():
                known = [values[row] for row in rows if values[row] is not None]
                if known:
                    self._quantities[code, column] = sum(known, self.quantity(code, column))
        self.sites |= set(columns["site_id"]) - {""}
        products = set(zip(columns["product_id"], columns["product_version"], strict=True))
        self.products |= {(product_id, version) for product_id, version in products if product_id}
        named = set(
            zip(columns["baseline_id"], columns["product_id"], columns["product_version"], strict=True)
        )
        self.baselines |= {baseline for baseline in named if baseline[0]}
