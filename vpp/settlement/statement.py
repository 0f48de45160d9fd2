"""Settlement statements: complete versions, each showing its change against the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.money import minor_unit
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine
from vpp.settlement.statement_tally import StatementTally


@dataclass(frozen=True, slots=True)
class Statement:
    """One version of what one party is paid and charged for one period, in one currency.

    Attributes:
        statement_id: `{party}-{period}-v{version}`.
        party_id: Party it is written for.
        period: Civil month at the sites, YYYY-MM.
        version: Counts the versions of this party and period from 1.
        run_type: Why it was written.
        currency: ISO 4217 code of every amount.
        lines: The lines in order.
        previous: Id of the version before; empty for the first.
    """

    statement_id: str
    party_id: str
    period: str
    version: int
    run_type: RunType
    currency: str
    lines: tuple[StatementLine, ...]
    previous: str = ""

    @property
    def head(self) -> StatementHead:
        """What all its lines share."""
        return StatementHead(
            self.statement_id,
            self.party_id,
            self.period,
            self.version,
            self.run_type,
            self.currency,
            self.previous,
        )

    @property
    def tally(self) -> StatementTally:
        """What its lines add up to."""
        tally = StatementTally(self.currency)
        if self.lines:
            columns = zip(*self.lines, strict=True)
            tally.add(dict(zip(StatementLine._fields, columns, strict=True)))
        return tally

    @property
    def totals(self) -> Mapping[LineCode, Decimal]:
        """Sum of the rounded line amounts by code; codes without a line are left out."""
        totals: dict[LineCode, Decimal] = {}
        for line in self.lines:
            totals[line.line_code] = totals.get(line.line_code, minor_unit(self.currency) * 0) + line.amount
        return totals

    @property
    def total(self) -> Decimal:
        """Sum of all lines; positive is paid to the party."""
        return sum((line.amount for line in self.lines), minor_unit(self.currency) * 0)

    @property
    def delta(self) -> Decimal:
        """Change of the total against the version before."""
        return sum((line.delta_amount for line in self.lines), minor_unit(self.currency) * 0)
