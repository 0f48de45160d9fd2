"""Statements of deliveries, version after version, without a hub: what is owed less what stands booked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vpp.settlement.booking_changes import Booked, by_party, changes, entries_of, party_lines
from vpp.settlement.entry import Entry, EntryKey
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_head import StatementHead, statement_id_of

BOOKED_AT = datetime(2026, 4, 8, tzinfo=UTC)


@dataclass
class Settled:
    """A period's settlement, as far as it has come.

    Attributes:
        period: The period.
        aggregator: Who keeps fees.
        booked: What stands booked.
        entries: Everything that was booked, in order.
        statements: The newest statement of each party.
    """

    period: str = "2026-03"
    aggregator: str = "hub"
    booked: dict[EntryKey, Booked] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    statements: dict[str, Statement] = field(default_factory=dict)

    def run(
        self, deliveries: Sequence[SiteDelivery], run_type: RunType | None = None
    ) -> dict[str, Statement]:
        """Write the next version of everybody's statement, all in one currency, and book it.

        Args:
            deliveries: With the readings as they are known now.
            run_type: Default INITIAL if nothing is booked yet, else RECALC; estimates count in INITIAL.
        """
        kind = run_type or (RunType.RECALC if self.booked else RunType.INITIAL)
        pairs = frozenset((each.event_id, each.site_id) for each in deliveries)
        first = pairs if kind is RunType.INITIAL else frozenset()
        charges = reckon(self.period, deliveries, run=RunTerms(kind, self.aggregator, first)).charges
        compared = changes(charges, self.booked)
        written = {}
        for party_id, currency in sorted(by_party(compared)):
            before = self.statements.get(party_id)
            version = before.version + 1 if before else 1
            head = StatementHead(
                statement_id_of(party_id, self.period, version),
                party_id,
                self.period,
                version,
                kind,
                currency,
                before.statement_id if before else "",
            )
            lines = tuple(line for line, _ in party_lines(charges, self.booked, head, deliveries))
            if lines:
                written[party_id] = Statement(
                    head.statement_id, party_id, self.period, version, kind, currency, lines, head.previous
                )
        run_id = f"run-{len(self.entries)}"
        self.entries += entries_of(compared, period=self.period, run_id=run_id, booked_at=BOOKED_AT)
        gone = {key: (*was[:2], was[2] * 0) for key, was in self.booked.items()}
        now = {charge.key: (charge.payer, charge.payee, charge.amount) for charge in charges}
        self.booked = gone | now
        self.statements |= written
        return written


def statements_of(
    deliveries: Sequence[SiteDelivery], run_type: RunType = RunType.INITIAL
) -> dict[str, Statement]:
    """Write everybody's first statement of March 2026."""
    return Settled().run(deliveries, run_type)
